import ControlCommands
import ControlProtocol
import DaemonTesting
import DurableFiles
import Foundation
import JobModel

/// What comes in at once, what waits, and what has been done long ago. No job ends: all that comes in waits.
struct Load {
  /// Files dropped, and lines of the batch.
  let count: Int
  /// Jobs that are done.
  let finished: Int
  private let daemon: DaemonProcess

  init(count: Int, finished: Int) throws {
    (self.count, self.finished) = (count, finished)
    daemon = try .usual(script: #"{"waits":[{"task":"base","step":0,"attempts":1000000}]}"#)
  }

  func run() async throws {
    try await daemon.startAndAnswer(seconds: 600)
    try await use("with nothing waiting")
    try await submissions()
    try await batch()
    try await droppedFiles()
    try await history()
    try answers()
    try await use("with all that waiting")
    try await restart()
    _ = try await daemon.stop()
  }

  private func queued() throws -> Int { try daemon.status().count(.queued) }

  /// Durable files in a folder of nobody's and in the spool, in turns: what the service does meanwhile is all the
  /// difference.
  private func submissions() async throws {
    let (rounds, share) = (30, 10)
    try DurableFile.makeFolder("\(daemon.root)/disk")
    var times: [String: Double] = [:]
    for round in 0..<rounds {
      for folder in ["\(daemon.root)/disk", daemon.spool] {
        times[folder, default: 0] += try await seconds {
          for number in 0..<share {
            try DurableFile.replace("\(folder)/s\(round)-\(number).json", with: #"{"prompt": "a"}"#)
          }
        }
        try await daemon.until(every: .milliseconds(20)) {
          try folder != daemon.spool || queued() >= (round + 1) * share - 1
        }
      }
    }
    let rates = times.mapValues { Double(rounds * share) / $0 }
    let (disk, spool) = (rates["\(daemon.root)/disk"] ?? .nan, rates[daemon.spool] ?? .nan)
    tell("durable files of the disk alone", disk, "a second")
    tell("submissions, durable when acknowledged", spool, "a second")
    tell("submissions against the disk", spool / disk, "")
  }

  private func batch() async throws {
    let lines = (0..<count).map { "{\"prompt\": \"line \($0)\"}\n" }.joined()
    let before = try queued()
    try daemon.drop(lines, as: "batch.jsonl")
    let time = try await seconds {
      try await daemon.until(seconds: 600, every: .milliseconds(100)) { try queued() >= before + count }
    }
    tell("\(count) lines of a batch are taken", Double(count) / time, "a second")
  }

  private func droppedFiles() async throws {
    let before = try queued()
    _ = try await daemon.stop()
    for number in 0..<count {
      try Data("{\"prompt\": \"file \(number)\"}".utf8).write(to: URL(filePath: "\(daemon.spool)/f\(number).json"))
    }
    let time = try await seconds {
      try daemon.start()
      try await daemon.until(seconds: 600, every: .milliseconds(200)) { try queued() >= before + count }
    }
    tell("\(count) files dropped while it was stopped are all in after", time, "s")
  }

  private func history() async throws {
    _ = try await daemon.stop()
    let time = try await seconds { try FinishedJobs(count: finished).write(to: daemon.paths.database) }
    tell("(finished jobs written straight into the store in", time, "s)")
    let size = DurableFile.byteCount(of: daemon.paths.database) ?? 0
    tell("size of the store", Double(size) / 1_048_576, "MiB")
    try await daemon.startAndAnswer(seconds: 600)
  }

  private func answers() throws {
    func median(_ body: () throws -> Void) rethrows -> Double {
      try (0..<21).map { _ in try milliseconds(body) }.sorted()[10]
    }
    tell("jobs waiting", Double(try queued()), "")
    tell("jobs done", Double(try daemon.status().count(.done)), "")
    tell("status, median", try median { _ = try daemon.status() }, "ms")
    tell("list of 100, median", try median { let _: JobPage = try daemon.client.get("/v1/jobs?limit=100") }, "ms")
    tell(
      "list of 100 that wait, median",
      try median { let _: JobPage = try daemon.client.get("/v1/jobs?limit=100&state=queued") }, "ms")
    tell("waltctl status, median", try median { _ = try daemon.waltctl("status") }, "ms")
    tell("waltctl list, median", try median { _ = try daemon.waltctl("list") }, "ms")
  }

  /// What the daemon uses while nothing happens, two looks at the whole spool included.
  private func use(_ when: String) async throws {
    let pid = try daemon.status().pid
    try await Task.sleep(for: .seconds(2))
    let (before, pause) = (try ticks(pid), 60.0)
    try await Task.sleep(for: .seconds(pause))
    let used = Double(try ticks(pid) - before) / Double(sysconf(Int32(_SC_CLK_TCK)))
    tell("processor while idle, \(when)", used / pause * 100, "% of one")
    let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
    for (name, what) in [("VmRSS:", "memory"), ("VmHWM:", "memory at most since it started")] {
      let line = status.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
      let kibibytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Double($0) } ?? 0
      tell("\(what), \(when)", kibibytes / 1024, "MiB")
    }
  }

  /// Of user and system time.
  private func ticks(_ pid: Int32) throws -> Int {
    let stat = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
    let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
    return fields.count > 12 ? (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0) : 0
  }

  private func restart() async throws {
    try await daemon.kill()
    tell("answers again after kill -9", try await seconds { try await daemon.startAndAnswer(seconds: 600) }, "s")
  }
}
