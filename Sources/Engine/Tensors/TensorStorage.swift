import Glibc

/// One owner of a 64-byte aligned block of float32 values.
///
/// `@unchecked Sendable`: a block is written only by the kernel call that fills it, before the tensor that owns it is
/// handed to anyone else; afterwards it is read only. Through `pointer` a tensor can be written all the same: that is
/// for the kernels and the optimiser, each the sole holder of the tensor at that time.
package final class TensorStorage: @unchecked Sendable {
  package let pointer: UnsafeMutablePointer<Float>
  package let count: Int
  /// Bytes of the block's own pages; 0 where it lies in the heap.
  private let mappedByteCount: Int
  /// Bytes behind the last value that kernels may read, and ignore, when they load whole vectors.
  private static let readableSlack = 256
  /// Lasting blocks from this size on have pages of their own.
  private static let smallestMapping = 1 << 20

  /// Allocates `count` values without initialising them.
  ///
  /// - Parameter isLasting: whether the block will outlive those around it, as loaded weights do. A large one then does
  ///   not lie in the heap, where it would keep the memory of what was freed beside it from being used again.
  init(uninitializedCount count: Int, isLasting: Bool = false) {
    precondition(count >= 0, "a tensor cannot hold \(count) values")
    self.count = count
    let byteCount = (count * MemoryLayout<Float>.stride + Self.readableSlack + 63) & ~63
    mappedByteCount = isLasting && byteCount >= Self.smallestMapping ? byteCount : 0
    guard let raw = mappedByteCount > 0 ? Self.map(byteCount) : aligned_alloc(64, byteCount) else {
      fatalError("allocate a tensor: \(byteCount) bytes are not to be had; use a smaller model, clip or batch")
    }
    pointer = raw.bindMemory(to: Float.self, capacity: byteCount / MemoryLayout<Float>.stride)
  }

  deinit {
    if mappedByteCount > 0 { munmap(pointer, mappedByteCount) } else { free(pointer) }
  }

  /// Pages of zeros; nil where there are none.
  private static func map(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    let address = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    return address == MAP_FAILED ? nil : address
  }
}
