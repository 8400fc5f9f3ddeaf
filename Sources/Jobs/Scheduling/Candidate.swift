import JobModel

/// A task that may begin, as the scheduler sees it.
package struct Candidate: Equatable, Sendable {
  package let task: TaskID
  package let job: JobID
  package let model: String
  package let stage: TaskStage
  /// 0…100, the more urgent the higher.
  package let priority: Int
  package let account: String
  /// Seconds that the job has been waiting since it was accepted.
  package let waited: Double
  /// Bytes that the task needs at most.
  package let memoryByteCount: Int
  /// How often it has killed its worker.
  package let kills: Int

  package init(
    task: TaskID, job: JobID, model: String, stage: TaskStage, priority: Int, account: String, waited: Double,
    memoryByteCount: Int, kills: Int
  ) {
    self.task = task
    self.job = job
    self.model = model
    self.stage = stage
    self.priority = priority
    self.account = account
    self.waited = waited
    self.memoryByteCount = memoryByteCount
    self.kills = kills
  }
}

/// What a configured device can hold, and what it does now.
package struct DeviceState: Equatable, Sendable {
  /// As configured: `cpu0`.
  package let name: String
  package let memoryByteCount: Int
  /// False while a worker computes on it, or where it is out of order.
  package var isIdle: Bool
  /// The model that its worker holds in memory.
  package var loadedModel: String?

  package init(name: String, memoryByteCount: Int, isIdle: Bool, loadedModel: String?) {
    self.name = name
    self.memoryByteCount = memoryByteCount
    self.isIdle = isIdle
    self.loadedModel = loadedModel
  }
}

/// Tasks that begin together on one device.
package struct TaskGroup: Equatable, Sendable {
  package let device: String
  /// Of the same model and stage.
  package let tasks: [Candidate]
}
