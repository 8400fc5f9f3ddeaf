import ControlProtocol
import Foundation
import JobModel
import JobStore
import Logging
import Scheduling
import ServiceLifecycle
import Systemd
import WorkerLauncher
import WorkerProtocol

/// The scheduler's loop: gives ready tasks to idle devices, hears the workers, records what they did.
///
/// One event at a time, in one loop; all state changes through the store, fenced by leases.
package actor Dispatcher: Service {
  enum Event: Sendable {
    /// Something may be ready.
    case wake
    case report(device: Int, WorkerReport)
    /// These leases are void: their workers are told.
    case revoked([Lease])
    /// These leases hold, but their jobs do not go on: their workers are told to save what they have and stop.
    case giveWay([Lease])
    /// What became of this attempt could not be recorded.
    case adopt(Lease)
    /// Time to show that the loop turns.
    case tick
    case stop
    /// Stopping has taken too long.
    case impatient
  }

  let core: ServiceCore
  let composer: TaskComposer
  private let notifier: ServiceNotifier
  private let stopPatience: Duration
  nonisolated let inbox: AsyncStream<Event>
  nonisolated let post: AsyncStream<Event>.Continuation
  var slots: [DeviceSlot]
  /// What each account has had of the devices.
  var shares: FairShare
  /// Of accounts that have limits.
  var spending: [String: Spending] = [:]
  /// The day for which budgets were looked at last; nil before the first.
  var budgetDay: Date?
  var isStopping = false
  /// Whether the user lets no work begin.
  private(set) var isDrained = false
  /// The models that jobs are held for; nil: the store was not asked yet, what the process before held is not known.
  var heldModels: Set<ModelChoice>?
  /// The task that is being written down for a worker.
  var preparing: TaskID?
  /// Whether there was too little room when work was last to begin.
  var isDiskFull = false
  var roomHold = RoomHold.possible
  private var wakeUp: Task<Void, Never>?
  /// When `wakeUp` is due.
  private var wakeAt: ContinuousClock.Instant?

  package init(core: ServiceCore, notifier: ServiceNotifier = ServiceNotifier(), stopPatience: Duration = .seconds(60))
  {
    self.core = core
    composer = TaskComposer(core: core)
    self.notifier = notifier
    self.stopPatience = stopPatience
    shares = FairShare(shares: core.configuration.accounts.shares)
    slots = core.configuration.devices.map(DeviceSlot.init)
    (inbox, post) = AsyncStream.makeStream(of: Event.self)
  }

  /// Something may be ready to run.
  package nonisolated func wake() { post.yield(.wake) }

  /// Tells the workers that these leases are void.
  package nonisolated func drop(_ leases: [Lease]) {
    if !leases.isEmpty { post.yield(.revoked(leases)) }
  }

  /// Tells the workers to save what they have of these and to stop.
  package nonisolated func giveWay(_ leases: [Lease]) {
    if !leases.isEmpty { post.yield(.giveWay(leases)) }
  }

  /// The accounts may have other limits and shares now: jobs that were held for their budget are looked at again.
  package func reconsiderBudgets() {
    shares.change(core.accounts.current.shares)
    budgetDay = nil
    wake()
  }

  /// A job was held for want of room: it is looked at again whether there is some.
  package func reconsiderRoom() {
    if roomHold == .none { roomHold = .possible }
    wake()
  }

  /// Lets no work begin until it is allowed again.
  package func setDrained(_ isDrained: Bool) {
    self.isDrained = isDrained
    wake()
  }

  /// What keeps all jobs from running; nil: nothing.
  package var pauseReason: String? { isDrained ? "draining" : isDiskFull ? Self.diskReason : nil }

  package var devices: [DeviceStatus] { slots.map(\.status) }
  package var isIdle: Bool { slots.allSatisfy(\.running.isEmpty) }
  /// The tasks that workers have or are about to get, also those whose leases are void: their folders are in use.
  package var runningTasks: Set<TaskID> {
    Set(slots.flatMap { $0.running.values }.map(\.task.id) + [preparing].compactMap { $0 })
  }
  /// Whether some device's worker does not start, however often it is tried.
  package var isStuck: Bool { slots.contains { $0.failedStarts >= core.configuration.retry.attempts } }

  package func run() async throws {
    await withTaskGroup(of: Void.self) { group in
      let interval = min(notifier.watchdogInterval ?? .seconds(5), core.configuration.stall / 2)
      group.addTask { [post] in
        while !Task.isCancelled {
          post.yield(.tick)
          try? await Task.sleep(for: interval)
        }
      }
      await withGracefulShutdownHandler {
        await self.turn()
      } onGracefulShutdown: { [post] in
        post.yield(.stop)
      }
      group.cancelAll()
    }
  }

  private func turn() async {
    post.yield(.wake)
    for await event in inbox {
      do {
        try await handle(event)
      } catch {
        // The store or the disk refused: nothing was lost, the lease stands. Look again in a while.
        core.logger.error("dispatcher refused", metadata: ["error": "\(error)"])
        wake(after: .seconds(1))
      }
      if isStopping && slots.allSatisfy({ $0.worker == nil }) { break }
    }
    wakeUp?.cancel()
  }

  private func handle(_ event: Event) async throws {
    switch event {
    case .tick:
      notifier.notify(.watchdog)
      killHung()
      if core.disk.isShort != isDiskFull { try await assign() }
    case .wake: try await assign()
    case .report(let device, let report): try await hear(report, from: device)
    case .adopt(let lease): try await adoptOrWait(lease)
    case .revoked(let leases): drop(revoked: Set(leases))
    case .giveWay(let leases): giveWay(Set(leases))
    case .stop: stop()
    case .impatient:
      for slot in slots { slot.worker?.kill() }
    }
  }

  /// Looks again after a pause, unless it is to look earlier anyway.
  func wake(after pause: Duration) {
    let instant = ContinuousClock.now + pause
    if let wakeAt, .now < wakeAt, wakeAt <= instant { return }
    wakeAt = instant
    wakeUp?.cancel()
    wakeUp = Task { [post] in
      do { try await Task.sleep(for: pause) } catch { return }
      post.yield(.wake)
    }
  }

  private func drop(revoked leases: Set<Lease>) {
    for slot in slots {
      for (folder, running) in slot.running where leases.contains(running.lease) {
        slot.worker?.send(.cancel(folder))
      }
    }
  }

  /// Tells the devices that compute for these leases to give way.
  func giveWay(_ leases: Set<Lease>) {
    for index in slots.indices where slots[index].running.values.contains(where: { leases.contains($0.lease) }) {
      giveWay(index)
    }
  }

  /// Ends workers that should have said something long ago; what they had is tried again.
  private func killHung() {
    let stall = core.configuration.stall
    for index in slots.indices where slots[index].isHung(after: stall) && slots[index].verdict == nil {
      slots[index].verdict = "the worker said nothing for \(stall.formatted(.units())) and was killed"
      core.logger.error("worker hangs", metadata: ["device": "\(slots[index].device.name)"])
      slots[index].worker?.kill()
    }
  }

  /// Workers checkpoint and exit; their tasks are ready again at these checkpoints.
  private func stop() {
    isStopping = true
    notifier.notify(.stopping)
    core.logger.notice("stopping", metadata: ["running": "\(slots.reduce(0) { $0 + $1.running.count })"])
    for slot in slots { slot.worker?.quit() }
    let patience = stopPatience
    Task { [post] in
      try? await Task.sleep(for: patience)
      post.yield(.impatient)
    }
  }
}
