import Foundation
import JobModel
import JobStore

extension Dispatcher {
  /// Why jobs are held while the disk is full.
  static let diskReason = "disk full"

  /// Holds the jobs that compute and those whose turn it is; the rest of the queue stays as it is. Looks again soon.
  func holdForRoom() async throws {
    mayHoldForRoom = true
    core.signals.status.raise()
    wake(after: .seconds(1))
    let ready = try await core.store.readyTasks(limit: 32 + slots.count).map(\.task.job)
    for job in Set(ready + slots.flatMap(\.running.values).map(\.task.job)) {
      guard let state = try await core.store.job(job)?.state, state.mayBecome(.held) else { continue }
      let leases = try await core.disk.withRoom { try await core.store.hold(job, reason: Self.diskReason) }
      post.yield(.giveWay(leases))
      core.logger.warning("job held", metadata: ["job": "\(job)", "reason": "\(Self.diskReason)"])
    }
  }

  /// Lets jobs go on that were held for want of room.
  func releaseForRoom() async throws {
    guard mayHoldForRoom else { return }
    mayHoldForRoom = false
    core.signals.status.raise()
    for job in try await core.store.jobs(JobFilter(states: [.held]), limit: 1000) where job.reason == Self.diskReason {
      try await core.store.release(job.id)
      mayHoldForRoom = true
      core.signals.publishing.raise()
      core.logger.notice("job released", metadata: ["job": "\(job.id)"])
    }
  }
}
