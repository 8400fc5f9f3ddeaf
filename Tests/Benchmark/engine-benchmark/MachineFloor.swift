import COpenBLAS
import Foundation

/// What the machine can do at best: what all else is held against.
enum MachineFloor {
  /// GFLOP/s of OpenBLAS's sgemm at 2048³, and GB/s of copying memory (read and written), each the best of five.
  static func measure(threads: Int) -> [String: [Double]] {
    openblas_set_num_threads(Int32(threads))
    return ["sgemm_gflops": [sgemm(side: 2048)], "bandwidth_gb": [bandwidth(threads: threads)]]
  }

  private static func sgemm(side: Int) -> Double {
    let a = [Float](repeating: 0.5, count: side * side)
    let b = a
    var c = a
    let n = Int32(side)
    let seconds = best {
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, n, n, 1, a, n, b, n, 0, &c, n)
    }
    return 2 * Double(side * side * side) / seconds / 1e9
  }

  private static func bandwidth(threads: Int) -> Double {
    let bytes = 256 << 20
    let source = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    let target = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    defer {
      source.deallocate()
      target.deallocate()
    }
    source.initializeMemory(as: UInt8.self, repeating: 1, count: bytes)
    // Each thread copies a part of its own.
    nonisolated(unsafe) let (from, to) = (source, target)
    let part = bytes / threads
    let seconds = best {
      DispatchQueue.concurrentPerform(iterations: threads) { memcpy(to + $0 * part, from + $0 * part, part) }
    }
    return 2 * Double(part * threads) / seconds / 1e9
  }

  private static func best(_ body: () -> Void) -> Double {
    (0..<6).map { _ in
      let begun = ContinuousClock.now
      body()
      return (ContinuousClock.now - begun) / .seconds(1)
    }.dropFirst().min() ?? .infinity
  }
}
