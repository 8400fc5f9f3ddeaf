import Foundation
import JobModel

/// `GET /v1/status`, and what `state/status.json` holds for when the daemon is down.
package struct ServiceStatus: Codable, Equatable, Sendable {
  /// Of the software.
  package var version: String
  package var pid: Int32
  package var started: Date
  /// When these values were true.
  package var updated: Date
  package var spool: String
  /// What keeps all jobs from running (`disk full`, `draining`); nil: nothing.
  package var paused: String?
  /// Jobs in each state, by the state's name; states without jobs may be left out.
  package var counts: [String: Int]
  package var devices: [DeviceStatus]
  package var models: [ModelStatus]
  /// By what part of its running time the last jobs' estimated finish was off (median); nil before there is one.
  package var forecastError: Double?
  /// The unfinished ones first, then the last finished ones: at most 1,000.
  package var jobs: [JobSummary]

  package init(
    version: String, pid: Int32, started: Date, updated: Date, spool: String, paused: String?, counts: [String: Int],
    devices: [DeviceStatus], models: [ModelStatus], forecastError: Double? = nil, jobs: [JobSummary]
  ) {
    self.version = version
    self.pid = pid
    self.started = started
    self.updated = updated
    self.spool = spool
    self.paused = paused
    self.counts = counts
    self.devices = devices
    self.models = models
    self.forecastError = forecastError
    self.jobs = jobs
  }

  enum CodingKeys: String, CodingKey {
    case version, pid, started, updated, spool, paused, counts, devices, models, jobs
    case forecastError = "estimate_error"
  }

  package func count(_ state: JobState) -> Int { counts[state.rawValue] ?? 0 }

  /// Jobs that the daemon has yet to bring to an end by itself.
  package var unfinishedCount: Int { count(.queued) + count(.running) + count(.publishing) }
}

/// One device and what it does.
package struct DeviceStatus: Codable, Equatable, Sendable {
  package var name: String
  package var threadCount: Int
  package var memoryByteCount: Int
  package var worker: WorkerState
  /// The worker's process; nil while there is none.
  package var pid: Int32?
  /// What is being computed.
  package var tasks: [TaskProgress]

  package enum WorkerState: String, Codable, Sendable {
    /// No worker: one is started when there is work.
    case stopped
    case starting
    case idle
    case running
    /// It died; another is started after a pause.
    case failed
  }

  package init(
    name: String, threadCount: Int, memoryByteCount: Int, worker: WorkerState, pid: Int32?, tasks: [TaskProgress]
  ) {
    self.name = name
    self.threadCount = threadCount
    self.memoryByteCount = memoryByteCount
    self.worker = worker
    self.pid = pid
    self.tasks = tasks
  }

  enum CodingKeys: String, CodingKey {
    case name, worker, pid, tasks
    case threadCount = "threads"
    case memoryByteCount = "memory"
  }
}

/// How far a task is.
package struct TaskProgress: Codable, Equatable, Sendable {
  package var job: JobID
  package var clip: Int
  package var stage: TaskStage
  package var chunk: Int
  /// Units done, of all; 0 of 0 before the first.
  package var step: Int
  package var of: Int

  package init(job: JobID, clip: Int, stage: TaskStage, chunk: Int, step: Int, of: Int) {
    self.job = job
    self.clip = clip
    self.stage = stage
    self.chunk = chunk
    self.step = step
    self.of = of
  }
}

/// A configured model.
package struct ModelStatus: Codable, Equatable, Sendable {
  package var name: String
  package var folder: String
  /// Why it cannot be used; nil: it can.
  package var problem: String?

  package init(name: String, folder: String, problem: String?) {
    self.name = name
    self.folder = folder
    self.problem = problem
  }
}
