import Foundation

/// Prepares the next step's batch on a thread of its own while the present step computes.
///
/// Batch i is a function of i alone, so it does not matter when or where it is made.
final class Prefetcher<Batch: Sendable>: @unchecked Sendable {
  // All state behind `lock`.
  private let lock = NSCondition()
  private let make: @Sendable (Int) throws -> Batch
  private var ready: [Int: Result<Batch, any Error>] = [:]
  private var next: Int
  private var isStopped = false
  private let depth: Int

  /// - Parameter depth: how many batches may lie ready.
  init(startingAt first: Int, depth: Int = 2, make: @escaping @Sendable (Int) throws -> Batch) {
    self.make = make
    self.depth = depth
    next = first
    let thread = Thread { [weak self] in
      while let self, let step = self.claim() { self.deliver(Result { try self.make(step) }, of: step) }
    }
    thread.stackSize = 4 << 20
    thread.name = "batches"
    thread.start()
  }

  /// The batch of `step`; steps are asked for in order. Waits if it is not ready.
  func batch(at step: Int) throws -> Batch {
    lock.lock()
    defer { lock.unlock() }
    while ready[step] == nil { lock.wait() }
    defer { lock.broadcast() }
    guard let result = ready.removeValue(forKey: step) else { preconditionFailure("batch \(step) was taken twice") }
    return try result.get()
  }

  /// Ends the thread; it is not needed any more.
  func stop() {
    lock.lock()
    isStopped = true
    lock.broadcast()
    lock.unlock()
  }

  private func claim() -> Int? {
    lock.lock()
    defer { lock.unlock() }
    while ready.count >= depth && !isStopped { lock.wait() }
    guard !isStopped else { return nil }
    defer { next += 1 }
    return next
  }

  private func deliver(_ result: Result<Batch, any Error>, of step: Int) {
    lock.lock()
    ready[step] = result
    lock.broadcast()
    lock.unlock()
  }
}
