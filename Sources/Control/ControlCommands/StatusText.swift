import ControlProtocol
import Foundation
import JobModel

/// How status and jobs read on a terminal: pure functions from values to lines.
package enum StatusText {
  package static func lines(_ status: ServiceStatus, isLive: Bool, now: Date) -> [String] {
    var lines: [String] = []
    if !isLive { lines.append(stale(status, now: now)) }
    let counts = JobState.allCases.filter { status.count($0) > 0 }.map { "\(status.count($0)) \($0.rawValue)" }
    lines.append("jobs     \(counts.isEmpty ? "none" : counts.joined(separator: ", "))")
    if let paused = status.paused { lines.append("paused   \(paused)") }
    for device in status.devices {
      let work = device.tasks.map(progress).joined(separator: "; ")
      let size = "\(device.threadCount) threads, \(device.memoryByteCount >> 20) MiB"
      lines.append("device   \(device.name) (\(size)) \(device.worker.rawValue)\(work.isEmpty ? "" : ": \(work)")")
    }
    for model in status.models {
      lines.append("model    \(model.name)\(model.problem.map { ": \($0)" } ?? "")")
    }
    if let error = status.forecastError {
      lines.append("estimate off by \(Int((error * 100).rounded())) % of the running time, median of the last jobs")
    }
    let unfinished = status.jobs.filter { !$0.state.isFinal }
    if !unfinished.isEmpty { lines += [""] + table(unfinished) }
    return lines
  }

  static func stale(_ status: ServiceStatus, now: Date) -> String {
    "waltd does not answer; this is what it wrote down \(age(status.updated, now)) ago"
  }

  static func line(_ event: ServiceEvent) -> String {
    let why = event.why.map { ": \($0)" } ?? ""
    return "\(event.time.formatted(.iso8601)) \(event.id) job \(event.job) \(event.what)\(why)"
  }

  package static func progress(_ task: TaskProgress) -> String {
    let clip = task.clip > 0 ? " clip \(task.clip)" : ""
    let chunk = task.chunk > 0 ? " chunk \(task.chunk)" : ""
    let steps = task.of > 0 ? " \(task.step)/\(task.of)" : ""
    return "job \(task.job)\(clip) \(task.stage.rawValue)\(chunk)\(steps)"
  }

  /// One line a job, columns aligned.
  package static func table(_ jobs: [JobSummary]) -> [String] {
    let head = ["JOB", "STATE", "PRIORITY", "TASKS", "REQUEST", ""]
    let rows = jobs.map { job in
      [
        "\(job.id)", job.state.rawValue, "\(job.priority)", "\(job.tasksDone)/\(job.taskCount)", job.request,
        job.reason ?? "",
      ]
    }
    return aligned([head] + rows)
  }

  /// Rows of as many cells each, as columns.
  static func aligned(_ rows: [[String]]) -> [String] {
    let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
      return cells.joined(separator: "  ").trimmingTrailingSpaces
    }
  }

  package static func lines(_ detail: JobDetail) -> [String] {
    let job = detail.job
    var lines = [
      "job       \(job.id)", "request   \(job.request)",
      "state     \(job.state.rawValue)\(job.reason.map { ": \($0)" } ?? "")",
      "priority  \(job.priority), account \(job.account)\(job.model.map { ", model \($0)" } ?? "")",
      "created   \(job.created.formatted(.iso8601))",
    ]
    if let seed = detail.seed { lines.append("seed      \(seed)") }
    if let finish = job.estimatedFinish { lines.append("estimated \(finish.formatted(.iso8601))") }
    if let finished = job.finished { lines.append("finished  \(finished.formatted(.iso8601))") }
    for task in detail.tasks {
      let steps = task.step.flatMap { step in task.of.map { " \(step)/\($0)" } } ?? ""
      let seconds = task.seconds.map { String(format: ", %.2f s", $0) } ?? ""
      let attempts = task.attempts > 1 ? ", attempt \(task.attempts)" : ""
      let place = "clip \(task.clip) \(task.stage.rawValue)\(task.chunk > 0 ? " chunk \(task.chunk)" : "")"
      lines.append("task      \(place): \(task.state.rawValue)\(steps)\(seconds)\(attempts)")
    }
    for event in detail.events {
      lines.append("event     \(event.time.formatted(.iso8601)) \(event.what)\(event.why.map { ": \($0)" } ?? "")")
    }
    return lines
  }

  static func age(_ date: Date, _ now: Date) -> String {
    let seconds = max(0, Int(now.timeIntervalSince(date)))
    return switch seconds {
    case ..<120: "\(seconds) s"
    case ..<7200: "\(seconds / 60) min"
    case ..<172_800: "\(seconds / 3600) h"
    default: "\(seconds / 86_400) days"
    }
  }
}

extension String {
  fileprivate var trimmingTrailingSpaces: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
