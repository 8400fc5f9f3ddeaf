import Glibc

/// One owner of a 64-byte aligned block of float32 values.
///
/// `@unchecked Sendable`: a block is written only by the kernel call that fills it, before the tensor that owns it is
/// handed to anyone else; afterwards it is read only. `Tensor` has no mutating access but `withMutableValues`, whose
/// callers are the kernels and the optimiser, each the sole holder of the tensor at that time.
package final class TensorStorage: @unchecked Sendable {
  package let pointer: UnsafeMutablePointer<Float>
  package let count: Int

  /// Bytes behind the last value that kernels may read, and ignore, when they load whole vectors.
  private static let readableSlack = 256

  /// Allocates `count` values without initialising them.
  init(uninitializedCount count: Int) {
    precondition(count >= 0, "a tensor cannot hold \(count) values")
    self.count = count
    let byteCount = (count * MemoryLayout<Float>.stride + Self.readableSlack + 63) & ~63
    guard let raw = aligned_alloc(64, byteCount) else {
      fatalError("allocate a tensor: \(byteCount) bytes are not to be had; use a smaller model, clip or batch")
    }
    pointer = raw.bindMemory(to: Float.self, capacity: byteCount / MemoryLayout<Float>.stride)
  }

  deinit { free(pointer) }
}
