import Tensors

/// Where operations run: a pool of threads and the kernels for this processor.
///
/// No result depends on the number of threads: work is split into tiles whose shapes follow from the operands alone.
package final class ComputeDevice: Sendable {
  package let threadCount: Int

  package init(threadCount: Int) {
    precondition(threadCount >= 1, "a device needs at least one thread, got \(threadCount)")
    self.threadCount = threadCount
  }
}
