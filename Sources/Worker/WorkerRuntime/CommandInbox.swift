import Foundation
import WorkerProtocol

/// What a worker was told and has not done yet. Filled from standard input and signals, read by the computing thread
/// between units.
final class CommandInbox: @unchecked Sendable {
  private struct Batch {
    let folders: [AttemptFolder]
    var mustYield = false
  }

  // All below is guarded by `condition`.
  private let condition = NSCondition()
  private var running: Batch?
  private var waiting: [Batch] = []
  private var cancelled: Set<AttemptFolder> = []
  private var isQuitting = false

  func post(_ command: WorkerCommand) {
    condition.lock()
    defer { condition.unlock() }
    switch command {
    case .run(let folders): waiting.append(Batch(folders: folders))
    case .yield:
      // Meant for what was told before it, begun or not; what comes after is done.
      running?.mustYield = true
      for index in waiting.indices { waiting[index].mustYield = true }
    case .cancel(let folder): cancelled.insert(folder)
    case .quit: isQuitting = true
    }
    condition.broadcast()
  }

  /// Waits for the next batch; nil when it is time to go. The batch before is over.
  func nextRun() -> [AttemptFolder]? {
    condition.lock()
    defer { condition.unlock() }
    cancelled.subtract(running?.folders ?? [])
    running = nil
    while waiting.isEmpty && !isQuitting { condition.wait() }
    guard !isQuitting else { return nil }
    running = waiting.removeFirst()
    return running?.folders
  }

  /// Whether the running batch must give way at the end of this unit.
  var mustYield: Bool {
    condition.lock()
    defer { condition.unlock() }
    return isQuitting || running?.mustYield == true
  }

  /// Whether `folder` was cancelled; tells so once.
  func takeCancellation(of folder: AttemptFolder) -> Bool {
    condition.lock()
    defer { condition.unlock() }
    return cancelled.remove(folder) != nil
  }
}
