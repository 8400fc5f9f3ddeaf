import Foundation
import JobModel

/// One job as the store has it; without the request's bytes (`JobStore.request(of:)`).
package struct JobRecord: Equatable, Sendable {
  package let id: JobID
  /// The request file, relative to the spool.
  package let path: String
  /// SHA-256 of the request, hexadecimal.
  package let digest: String
  package let state: JobState
  /// Why it is held, rejected, failed or cancelled.
  package let reason: String?
  package let priority: Int
  package let account: String
  /// Nil for a rejected request.
  package let model: String?
  /// The user number that owns the request file.
  package let owner: Int
  package let clipCount: Int
  package let taskCount: Int
  package let tasksDone: Int
  package let created: Date
  package let started: Date?
  package let finished: Date?
  /// As JSON; `null` for a rejected request and for a batch.
  let parametersText: String?
  /// Whether its work is other jobs: one for each line of its file.
  package let isBatch: Bool
  /// The batch whose line it is, and which.
  package let batch: JobID?
  package let line: Int?
  /// Whether its request file stands for it still: it was neither changed nor removed since.
  package let isCurrent: Bool
}

extension JobRecord {
  /// Nil for a rejected request and for a batch.
  ///
  /// - Complexity: O(clips), each time: lists do without.
  package var parameters: ResolvedRequest? {
    parametersText.flatMap { try? JSONDecoder().decode(ResolvedRequest?.self, from: Data($0.utf8)) }
  }

  /// Whether nothing needs its attempts and its copy of a named file any more: it has ended and cannot be revived.
  package var isOver: Bool { state == .failed ? !isCurrent : state.isFinal }
}

/// One task with its lease.
package struct TaskRecord: Equatable, Sendable {
  package let id: TaskID
  package let job: JobID
  package let clip: Int
  package let stage: TaskStage
  package let chunk: Int
  package let state: TaskState
  /// Leases so far; the number of the last attempt.
  package let attempts: Int
  /// Attempts that failed since the job was accepted or retried.
  package let failures: Int
  /// Of those, the ones that ended with the worker's death.
  package let kills: Int
  /// Who has it, or who finished it; else nil.
  package let worker: String?
  /// What the worker reported of the finished task; the store does not look into it.
  package let result: String?
  /// Wall time of the attempt that finished it.
  package let seconds: Double?
  /// The last failure's.
  package let message: String?

  /// Nil unless leased.
  package var lease: Lease? { state == .leased ? Lease(task: id, attempt: attempts) : nil }
}

/// The right to work on a task: valid until the task ends or is leased again, and then without any effect.
package struct Lease: Hashable, Sendable, CustomStringConvertible {
  package let task: TaskID
  /// From 1; the fence.
  package let attempt: Int

  package init(task: TaskID, attempt: Int) {
    self.task = task
    self.attempt = attempt
  }

  package var description: String { "task \(task), attempt \(attempt)" }
}

/// A task that may begin, with what the scheduler needs to choose.
package struct ReadyTask: Equatable, Sendable {
  package let task: TaskRecord
  package let priority: Int
  package let account: String
  package let model: String
  package let outline: JobOutline
  package let created: Date
  package let due: Date
  /// Clips that are not reserved yet.
  package let newClipCount: Int

  package var step: TaskPlan.Step { TaskPlan.Step(task.stage, chunk: task.chunk) }
  /// What a worker loads for it: the model, or one of its sizes.
  package var folderName: String { outline.variant.map { "\(model)/\($0)" } ?? model }
}

/// A saved state of a task that a next attempt can go on from.
package struct CheckpointRecord: Equatable, Sendable {
  package let task: TaskID
  package let attempt: Int
  package let step: Int
  /// Absolute, or relative to what the caller likes: the store does not open it.
  package let path: String
  package let sha256: String
  package let byteCount: Int

  package init(task: TaskID, attempt: Int, step: Int, path: String, sha256: String, byteCount: Int) {
    self.task = task
    self.attempt = attempt
    self.step = step
    self.path = path
    self.sha256 = sha256
    self.byteCount = byteCount
  }
}

/// Something that happened to a job.
package struct EventRecord: Equatable, Sendable {
  /// Ascending over all jobs.
  package let id: Int64
  package let job: JobID
  package let date: Date
  /// `accepted`, `running`, `checkpoint`, …: a job state or a short word.
  package let kind: String
  package let detail: String
}
