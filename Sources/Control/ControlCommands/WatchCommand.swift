import ArgumentParser
import ControlProtocol
import Foundation
import JobModel

struct WatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Show what the service does, anew twice a second; into a file or pipe, a line for each change.",
    discussion: "With numbers of jobs it ends when these are finished: with 0 where all are done, else with 1.")

  @OptionGroup var service: ServiceOptions
  @Option(help: "Seconds between two looks.") var interval = 0.5
  @Argument(help: "Numbers of jobs; without any, all that is unfinished.") var jobs: [Int64] = []

  func validate() throws {
    guard 0.05...3600 ~= interval else { throw ValidationError("interval is \(interval), allowed: 0.05 to 3600") }
  }

  func run() throws {
    try reporting {
      let paths = try service.paths()
      let wanted = jobs.map { JobID($0) }
      var screen = Screen()
      while true {
        var (status, isLive) = try StatusSource(paths: paths).read()
        if !wanted.isEmpty { status.jobs = try wanted.map { try find($0, in: status, paths) } }
        let size = Terminal.size
        screen.show(
          WatchText.lines(status, isLive: isLive, now: .now, width: size.columns), height: size.rows - 1)
        if !wanted.isEmpty, status.jobs.allSatisfy(\.state.isFinal) {
          guard status.jobs.allSatisfy({ $0.state == .done }) else { throw ControlExit.notDone }
          return
        }
        Thread.sleep(forTimeInterval: interval)
      }
    }
  }

  private func find(_ id: JobID, in status: ServiceStatus, _ paths: ServicePaths) throws -> JobSummary {
    if let job = status.jobs.first(where: { $0.id == id }) { return job }
    return try ControlClient(socket: paths.control).get("/v1/jobs/\(id)", as: JobDetail.self).job
  }
}

/// What `watch` shows: pure functions from values to lines.
package enum WatchText {
  private static let barWidth = 20

  package static func lines(_ status: ServiceStatus, isLive: Bool, now: Date, width: Int) -> [String] {
    var lines = isLive ? [] : [StatusText.stale(status, now: now)]
    let counts = JobState.allCases.filter { status.count($0) > 0 }.map { "\(status.count($0)) \($0.rawValue)" }
    lines.append("walt \(status.version): \(counts.isEmpty ? "no jobs" : counts.joined(separator: ", "))")
    if let paused = status.paused { lines.append("paused: \(paused)") }
    for device in status.devices {
      if device.tasks.isEmpty { lines.append("\(device.name) \(device.worker.rawValue)") }
      for task in device.tasks {
        lines.append("\(device.name) \(bar(task.step, of: task.of)) \(StatusText.progress(task))")
      }
    }
    for job in status.jobs where !job.state.isFinal || status.jobs.allSatisfy(\.state.isFinal) {
      let reason = job.reason.map { ": \($0)" } ?? ""
      lines.append(
        "\(bar(job.tasksDone, of: job.taskCount)) job \(job.id) \(job.request) \(job.state.rawValue)\(reason)")
    }
    return lines.map { String($0.prefix(width)) }
  }

  /// `[#####---------------]`: how much of `total` is done; nothing of nothing is nothing.
  static func bar(_ done: Int, of total: Int) -> String {
    let filled = total > 0 ? min(barWidth, done * barWidth / total) : 0
    return "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: barWidth - filled) + "]"
  }
}

/// Lines that are shown in the place of those before; where nobody watches, only lines that were not among them.
private struct Screen {
  private var shown: [String] = []

  mutating func show(_ lines: [String], height: Int) {
    guard Terminal.isInteractive else {
      for line in lines where !shown.contains(line) { Terminal.print(line) }
      shown = lines
      return
    }
    Terminal.rise(shown.count)
    shown = Array(lines.prefix(height))
    for line in shown { Terminal.print(line) }
  }
}
