import Foundation
import JobModel
import JobStore

extension Dispatcher {
  /// Which jobs are held for want of room.
  enum RoomHold {
    case none
    /// Maybe some: by the process before, or one that could not be published.
    case possible
    /// Those that computed when the room went out, and those whose turn it was.
    case queue
  }

  /// Why jobs are held while the disk is full.
  static let diskReason = "disk full"

  /// Holds the jobs that compute and those whose turn it is, once; the rest of the queue stays as it is. Looks again
  /// soon.
  func holdForRoom() async throws {
    core.signals.status.raise()
    wake(after: .seconds(1))
    if roomHold == .queue { return }
    roomHold = .possible
    let ready = try await core.store.readyTasks(limit: 32 + slots.count).map(\.task.job)
    for job in Set(ready + slots.flatMap(\.running.values).map(\.task.job)) {
      guard let state = try await core.store.job(job)?.state, state.mayBecome(.held) else { continue }
      let leases = try await core.disk.withRoom { try await core.store.hold(job, reason: Self.diskReason) }
      giveWay(Set(leases))
      core.logger.warning("job held", metadata: ["job": "\(job)", "reason": "\(Self.diskReason)"])
    }
    roomHold = .queue
  }

  /// Lets jobs go on that were held for want of room.
  func releaseForRoom() async throws {
    guard roomHold != .none else { return }
    // One that is held from now on is looked at the next time.
    roomHold = .none
    core.signals.status.raise()
    do {
      let count = try await core.store.releaseAll(reasonPrefix: Self.diskReason)
      guard count > 0 else { return }
      core.signals.publishing.raise()
      core.logger.notice("jobs released: there is room again", metadata: ["jobs": "\(count)"])
    } catch {
      roomHold = .possible
      throw error
    }
  }
}
