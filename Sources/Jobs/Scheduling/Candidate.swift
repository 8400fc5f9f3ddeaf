import Foundation
import JobModel

/// A task that may begin, as the scheduler sees it.
package struct Candidate: Equatable, Sendable {
  package let task: TaskID
  package let job: JobID
  package let model: String
  package let stage: TaskStage
  /// Equal for tasks that can share passes, where model and stage are equal too.
  package let shape: String
  package let account: String
  package let created: Date
  package let due: Date
  /// Bytes that the task needs at most, alone and as one more seat of a batch.
  package let memoryByteCount: Int
  package let seatByteCount: Int
  /// Seconds that it will take; nil where nothing like it was measured.
  package let estimate: Double?
  /// Whether it must not share passes: it may be what killed its worker.
  package let runsAlone: Bool
  /// What its length is measured by: see `JobOutline`.
  package let kind: String
  package let unitCount: Int
  /// Clips of its job that its account has yet to reserve.
  package let newClipCount: Int

  package init(
    task: TaskID, job: JobID, model: String, stage: TaskStage, shape: String, account: String, created: Date, due: Date,
    memoryByteCount: Int, seatByteCount: Int, estimate: Double? = nil, runsAlone: Bool = false,
    kind: String = "", unitCount: Int = 1, newClipCount: Int = 0
  ) {
    self.task = task
    self.job = job
    self.model = model
    self.stage = stage
    self.shape = shape
    self.account = account
    self.created = created
    self.due = due
    self.memoryByteCount = memoryByteCount
    self.seatByteCount = seatByteCount
    self.estimate = estimate
    self.runsAlone = runsAlone
    self.kind = kind
    self.unitCount = unitCount
    self.newClipCount = newClipCount
  }

  /// Whether the two can share passes.
  func isLike(_ other: Candidate) -> Bool {
    model == other.model && stage == other.stage && shape == other.shape && !runsAlone && !other.runsAlone
  }
}

/// What a configured device can hold, and what it does now.
package struct DeviceState: Equatable, Sendable {
  /// As configured: `cpu0`.
  package let name: String
  package let memoryByteCount: Int
  /// Tasks that it takes at once.
  package let seatCount: Int
  package let activity: Activity
  /// The model that its worker holds in memory.
  package let loadedModel: String?

  package enum Activity: Equatable, Sendable {
    case idle
    /// A worker computes what was so urgent when it began.
    case running(level: Int)
    /// Its worker is starting, dying or giving way already.
    case unavailable
  }

  package init(name: String, memoryByteCount: Int, seatCount: Int = 1, activity: Activity, loadedModel: String?) {
    self.name = name
    self.memoryByteCount = memoryByteCount
    self.seatCount = seatCount
    self.activity = activity
    self.loadedModel = loadedModel
  }
}

/// Tasks that begin together on one device.
package struct TaskGroup: Equatable, Sendable {
  package let device: String
  /// Of the same model, stage and shape.
  package var tasks: [Candidate]
  /// How urgent the first of them is now: only what is more urgent when it arrives makes it give way.
  package let level: Int
}
