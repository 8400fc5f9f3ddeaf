import JobModel

/// Chooses what runs next: a pure function of the tasks that may begin and the devices that are idle.
package struct Scheduler: Sendable {
  private let order = QueueOrder()

  package init() {}

  /// Gives each idle device the first task in order that fits it. A task that fits no idle device waits, and lets
  /// those behind it pass only onto devices that it could not use anyway.
  ///
  /// Of the idle devices that fit, the task gets one that holds its model already, else the smallest.
  /// - Complexity: O(candidates · devices), after sorting.
  package func plan(_ candidates: [Candidate], on devices: [DeviceState]) -> [TaskGroup] {
    var idle = devices.filter(\.isIdle)
    var groups: [TaskGroup] = []
    for candidate in order.sorted(candidates) {
      if idle.isEmpty { break }
      guard let device = choice(for: candidate, among: idle) else { continue }
      groups.append(TaskGroup(device: device.name, tasks: [candidate]))
      idle.removeAll { $0.name == device.name }
    }
    return groups
  }

  private func choice(for candidate: Candidate, among idle: [DeviceState]) -> DeviceState? {
    idle.filter { candidate.memoryByteCount <= $0.memoryByteCount }
      .min { rank($0, candidate) < rank($1, candidate) }
  }

  private func rank(_ device: DeviceState, _ candidate: Candidate) -> (Int, Int, String) {
    (device.loadedModel == candidate.model ? 0 : 1, device.memoryByteCount, device.name)
  }
}
