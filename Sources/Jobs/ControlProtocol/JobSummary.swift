import Foundation
import JobModel

/// One job in a list: `GET /v1/jobs`.
package struct JobSummary: Codable, Equatable, Sendable {
  package var id: JobID
  /// The request file, relative to the spool.
  package var request: String
  package var state: JobState
  /// Why it is held, refused or failed; else nil.
  package var reason: String?
  package var priority: Int
  package var account: String
  package var model: String?
  package var clipCount: Int
  /// Tasks done, of all; of a batch, lines that have ended.
  package var tasksDone: Int
  package var taskCount: Int
  /// The batch whose line it is, and which; else nil.
  package var batch: JobID?
  package var line: Int?
  package var created: Date
  package var finished: Date?
  /// When it will be done, where that can be told from what was measured; else nil.
  package var estimatedFinish: Date?

  package init(
    id: JobID, request: String, state: JobState, reason: String?, priority: Int, account: String, model: String?,
    clipCount: Int, tasksDone: Int, taskCount: Int, batch: JobID? = nil, line: Int? = nil, created: Date,
    finished: Date?, estimatedFinish: Date? = nil
  ) {
    self.id = id
    self.request = request
    self.state = state
    self.reason = reason
    self.priority = priority
    self.account = account
    self.model = model
    self.clipCount = clipCount
    self.tasksDone = tasksDone
    self.taskCount = taskCount
    self.batch = batch
    self.line = line
    self.created = created
    self.finished = finished
    self.estimatedFinish = estimatedFinish
  }

  enum CodingKeys: String, CodingKey {
    case id, request, state, reason, priority, account, model, batch, line, created, finished
    case clipCount = "clips"
    case estimatedFinish = "estimated_finish"
    case tasksDone = "tasks_done"
    case taskCount = "tasks"
  }
}

/// One job with all that is known of it: `GET /v1/jobs/ID`.
package struct JobDetail: Codable, Equatable, Sendable {
  package var job: JobSummary
  package var seed: Int64?
  package var tasks: [TaskDetail]
  /// What happened, oldest first.
  package var events: [JobEvent]

  package init(job: JobSummary, seed: Int64?, tasks: [TaskDetail], events: [JobEvent]) {
    self.job = job
    self.seed = seed
    self.tasks = tasks
    self.events = events
  }
}

/// One task of a job.
package struct TaskDetail: Codable, Equatable, Sendable {
  package var clip: Int
  package var stage: TaskStage
  package var chunk: Int
  package var state: TaskState
  /// Leases so far.
  package var attempts: Int
  /// While it runs; nil otherwise.
  package var step: Int?
  package var of: Int?
  /// Of the attempt that finished it.
  package var seconds: Double?

  package init(
    clip: Int, stage: TaskStage, chunk: Int, state: TaskState, attempts: Int, step: Int?, of: Int?, seconds: Double?
  ) {
    self.clip = clip
    self.stage = stage
    self.chunk = chunk
    self.state = state
    self.attempts = attempts
    self.step = step
    self.of = of
    self.seconds = seconds
  }
}

/// Something that happened to a job.
package struct JobEvent: Codable, Equatable, Sendable {
  package var time: Date
  package var what: String
  package var why: String?

  package init(time: Date, what: String, why: String?) {
    self.time = time
    self.what = what
    self.why = why
  }
}

/// A page of jobs, newest first.
package struct JobPage: Codable, Equatable, Sendable {
  package var jobs: [JobSummary]
  /// Pass as `before` for the page that follows; nil: this was the last.
  package var next: JobID?

  package init(jobs: [JobSummary], next: JobID?) {
    self.jobs = jobs
    self.next = next
  }
}
