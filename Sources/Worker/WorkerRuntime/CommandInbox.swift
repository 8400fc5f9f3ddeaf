import Foundation
import WorkerProtocol

/// What a worker was told and has not done yet. Filled from standard input and signals, read by the computing thread
/// between units.
final class CommandInbox: @unchecked Sendable {
  // All below is guarded by `condition`.
  private let condition = NSCondition()
  private var runs: [[AttemptFolder]] = []
  private var cancelled: Set<AttemptFolder> = []
  private var isYielding = false
  private var isQuitting = false

  func post(_ command: WorkerCommand) {
    condition.lock()
    defer { condition.unlock() }
    switch command {
    case .run(let folders): runs.append(folders)
    case .yield: isYielding = true
    case .cancel(let folder): cancelled.insert(folder)
    case .quit: isQuitting = true
    }
    condition.broadcast()
  }

  /// Waits for the next batch; nil when it is time to go.
  func nextRun() -> [AttemptFolder]? {
    condition.lock()
    defer { condition.unlock() }
    // A yield was for the batch before.
    isYielding = false
    while runs.isEmpty && !isQuitting { condition.wait() }
    return isQuitting ? nil : runs.removeFirst()
  }

  /// Whether the running batch must give way at the end of this unit.
  var mustYield: Bool {
    condition.lock()
    defer { condition.unlock() }
    return isYielding || isQuitting
  }

  /// Whether `folder` was cancelled; tells so once.
  func takeCancellation(of folder: AttemptFolder) -> Bool {
    condition.lock()
    defer { condition.unlock() }
    return cancelled.remove(folder) != nil
  }
}
