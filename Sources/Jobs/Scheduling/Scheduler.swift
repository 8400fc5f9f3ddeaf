import Foundation
import JobModel

/// Chooses what runs next: a pure function of the tasks that may begin, the devices, and what accounts have had.
package struct Scheduler: Sendable {
  private let ageing: Ageing

  /// What to do now.
  package struct Plan: Equatable, Sendable {
    package var groups: [TaskGroup] = []
    /// Devices whose worker is to give way at the end of its unit.
    package var preempted: [String] = []
  }

  package init(ageing: Ageing = Ageing()) { self.ageing = ageing }

  /// Gives each idle device the next task that fits it, with others like it as far as it has seats and memory. A task
  /// that fits no idle device waits, and lets those behind it pass only onto devices that it could not use anyway. Then
  /// devices that compute what is less urgent than a task that fits them are told to give way.
  ///
  /// Of the idle devices that fit, the task gets one that holds its model already, else the smallest.
  ///
  /// - Parameter shares: charged with the estimates of what begins.
  /// - Complexity: O(candidates · (accounts + devices)).
  package func plan(
    _ candidates: [Candidate], on devices: [DeviceState], shares: inout FairShare, at now: Date
  ) -> Plan {
    var order = QueueOrder(candidates, ageing: ageing, at: now)
    var idle = devices.filter { $0.activity == .idle }
    var busy = devices.filter { if case .running = $0.activity { true } else { false } }
    var plan = Plan()
    while !(idle.isEmpty && busy.isEmpty), let next = order.first(shares) {
      if let device = choice(for: next, among: idle) {
        plan.groups.append(group(next, on: device, &order, &shares, at: now))
        idle.removeAll { $0.name == device.name }
      } else {
        order.remove(next)
        guard let device = victim(for: next, among: busy) else { continue }
        plan.preempted.append(device.name)
        busy.removeAll { $0.name == device.name }
      }
    }
    return plan
  }

  private func group(
    _ leader: Candidate, on device: DeviceState, _ order: inout QueueOrder, _ shares: inout FairShare, at now: Date
  ) -> TaskGroup {
    var group = TaskGroup(device: device.name, tasks: [], level: order.level(leader, shares))
    var room = device.memoryByteCount - leader.memoryByteCount
    var next: Candidate? = leader
    while let task = next {
      group.tasks.append(task)
      order.remove(task)
      shares.charge(task.account, seconds: task.estimate ?? Self.unknownEstimate)
      shares.serve(task.account, at: now)
      next = group.tasks.count < device.seatCount ? order.firstLike(leader, shares) : nil
      room -= next?.seatByteCount ?? 0
      if room < 0 { next = nil }
    }
    return group
  }

  /// What is charged until the truth is known.
  package static let unknownEstimate = 1.0

  private func choice(for candidate: Candidate, among idle: [DeviceState]) -> DeviceState? {
    idle.filter { candidate.memoryByteCount <= $0.memoryByteCount }
      .min { rank($0, candidate) < rank($1, candidate) }
  }

  private func rank(_ device: DeviceState, _ candidate: Candidate) -> (Int, Int, String) {
    (device.loadedModel == candidate.model ? 0 : 1, device.memoryByteCount, device.name)
  }

  /// The device that computes what is least urgent, where that is less than the task was from the beginning: what became
  /// urgent by waiting waits for the next task's end.
  private func victim(for candidate: Candidate, among busy: [DeviceState]) -> DeviceState? {
    let urgency = ageing.level(created: candidate.created, due: candidate.due)
    return busy.filter { $0.level < urgency && candidate.memoryByteCount <= $0.memoryByteCount }
      .min { ($0.level, $0.name) < ($1.level, $1.name) }
  }
}

extension DeviceState {
  fileprivate var level: Int {
    if case .running(let level) = activity { level } else { .max }
  }
}
