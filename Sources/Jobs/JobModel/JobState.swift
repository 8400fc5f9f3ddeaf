/// What a job is in, with one meaning each.
package enum JobState: String, CaseIterable, Codable, Sendable {
  /// Accepted; no task has begun, or it waits for its next attempt.
  case queued
  /// A task has begun.
  case running
  /// Every task is done; the outputs are getting their final names.
  case publishing
  /// Every output is in place, the result file last.
  case done
  /// The request was refused; its error file says why.
  case rejected
  /// Given up after the last attempt; `waltctl retry` revives it.
  case failed
  /// Ended by its user.
  case cancelled
  /// Kept from running, by the user or until a reason goes away; the reason is stored.
  case held

  /// The one table of what may follow.
  package var successors: Set<JobState> {
    switch self {
    case .queued: [.running, .held, .cancelled, .failed, .rejected]
    case .running: [.publishing, .queued, .held, .cancelled, .failed]
    // Back to the queue where an output was lost and must be made again.
    case .publishing: [.done, .queued, .held, .failed]
    // Rejected is a batch of which no line was good, held or not.
    case .held: [.queued, .publishing, .cancelled, .failed, .rejected]
    case .failed: [.queued, .publishing]
    case .done, .rejected, .cancelled: []
    }
  }

  package func mayBecome(_ next: JobState) -> Bool { successors.contains(next) }

  /// Nothing more happens to the job by itself.
  package var isFinal: Bool {
    switch self {
    case .done, .rejected, .failed, .cancelled: true
    case .queued, .running, .publishing, .held: false
    }
  }
}

/// What a task is in.
package enum TaskState: String, CaseIterable, Codable, Sendable {
  /// Another task must be done first.
  case waiting
  /// May begin.
  case ready
  /// A worker has it.
  case leased
  case done
  /// Given up.
  case failed

  /// The one table of what may follow.
  package var successors: Set<TaskState> {
    switch self {
    case .waiting: [.ready, .failed]
    case .ready: [.leased, .failed]
    case .leased: [.done, .ready, .failed]
    // A lost result makes the task run again.
    case .done: [.ready]
    case .failed: [.ready, .waiting]
    }
  }

  package func mayBecome(_ next: TaskState) -> Bool { successors.contains(next) }
}

/// Why a task stopped without its result.
package enum TaskFailureKind: String, CaseIterable, Codable, Sendable {
  /// The request is at fault: never tried again.
  case request
  /// Memory, disk, a device: tried again later, from the last checkpoint.
  case resource
  /// The model's files are missing or damaged: its jobs are held until they are others.
  case model
  /// Anything else: tried again, from the last checkpoint.
  case `internal`
}
