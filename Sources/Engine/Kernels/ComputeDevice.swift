import CKernels
import Tensors

/// Where operations run: a pool of threads and the kernels for this processor.
///
/// No result depends on the number of threads: work is split into tiles whose shapes follow from the operands alone,
/// and every sum runs in an order that its operands' shapes decide. Results differ between kinds of kernels
/// (`kernelsName`), by rounding.
package final class ComputeDevice: Sendable {
  package let threadCount: Int
  /// Which kernels run here: `x86-64-v2`, `x86-64-v3`, `x86-64-v4`, `x86-64-v4-bfloat16` or `arm64`.
  package let kernelsName: String
  /// Constant for the life of the process; a table of pure functions.
  nonisolated(unsafe) let kernels: UnsafePointer<walt_kernels>
  private let pool: ThreadPool

  /// - Parameter kernels: the kind of kernels to use; nil for the best that this processor runs.
  /// - Throws: `KernelsError` if this processor cannot run that kind.
  package init(threadCount: Int, kernels name: String) throws(KernelsError) {
    precondition(threadCount >= 1, "a device needs at least one thread, got \(threadCount)")
    guard let kernels = walt_kernels_named(name) else { throw KernelsError(kernels: name) }
    self.threadCount = threadCount
    self.kernels = kernels
    kernelsName = String(cString: kernels.pointee.name)
    walt_keep_freed_memory()
    pool = ThreadPool(threadCount: threadCount)
  }

  /// A device with the best kernels that this processor runs.
  package init(threadCount: Int) {
    precondition(threadCount >= 1, "a device needs at least one thread, got \(threadCount)")
    guard let kernels = walt_kernels_named(nil) else {
      fatalError("start the engine: this processor has none of x86-64-v2, v3, v4 or arm64; use a newer one")
    }
    self.threadCount = threadCount
    self.kernels = kernels
    kernelsName = String(cString: kernels.pointee.name)
    walt_keep_freed_memory()
    pool = ThreadPool(threadCount: threadCount)
  }

  /// A device whose products round their operands to bfloat16 and sum in float32: about twice as fast. Everything else
  /// is as exact as ever. Nil where the processor has no instructions for it (AVX512_BF16).
  package static func roundingProducts(threadCount: Int) -> ComputeDevice? {
    try? ComputeDevice(threadCount: threadCount, kernels: "x86-64-v4-bfloat16")
  }

  /// Runs `body` for tasks 0..<count, shared among the threads; see `ThreadPool.run`.
  package func parallel(_ count: Int, _ body: (_ task: Int, _ worker: Int) -> Void) {
    pool.run(count, body)
  }

  /// Runs `body` over 0..<count in ranges of at most `grain`.
  package func parallelRanges(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
    let chunks = (count + grain - 1) / grain
    parallel(chunks) { chunk, _ in body(chunk * grain..<min(count, (chunk + 1) * grain)) }
  }
}

/// A kind of kernels that this processor cannot run.
package struct KernelsError: Error, CustomStringConvertible {
  package let kernels: String

  package var description: String {
    let best = walt_kernels_named(nil).map { String(cString: $0.pointee.name) } ?? "none"
    return "choose kernels \"\(kernels)\": this processor cannot run them, its best is \(best); "
      + "run on a machine of that kind, or leave the setting out"
  }
}
