import ControlCommands
import ControlProtocol
import DaemonTesting
import DurableFiles
import Foundation
import JobModel

/// How the queue bears load: a real `waltd` with a worker that computes nothing, so that all that comes in waits. Prints
/// a line for each figure. `make benchmark-queue COUNT=100000`.
@main
struct QueueBenchmark {
  /// Files dropped, and lines of the batch.
  let count: Int
  let daemon: DaemonProcess

  static func main() async throws {
    let count = CommandLine.arguments.dropFirst().first.flatMap(Int.init) ?? 10_000
    let daemon = try DaemonProcess(script: #"{"waits":[{"task":"base","step":0,"attempts":1000000}]}"#)
    let benchmark = QueueBenchmark(count: count, daemon: daemon)
    try await benchmark.submissions()
    try await benchmark.batch()
    try await benchmark.droppedFiles()
    try benchmark.answers()
    try await benchmark.rest()
    _ = try await daemon.stop()
  }

  private func tell(_ what: String, _ value: Double, _ unit: String) {
    print(what.padding(toLength: 56, withPad: " ", startingAt: 0), String(format: "%12.2f", value), unit)
  }

  private func seconds(_ body: () async throws -> Void) async rethrows -> Double {
    let begun = ContinuousClock.now
    try await body()
    return (ContinuousClock.now - begun) / .seconds(1)
  }

  /// A durable file is what the disk does alone; a submission is one that the service is taking meanwhile.
  private func submissions() async throws {
    let attempts = 100
    try DurableFile.makeFolder("\(daemon.root)/disk")
    func drop(into folder: String) throws {
      for number in 0..<attempts { try DurableFile.replace("\(folder)/s\(number).json", with: #"{"prompt": "a"}"#) }
    }
    let disk = try await seconds { try drop(into: "\(daemon.root)/disk") }
    tell("durable files of the disk alone", Double(attempts) / disk, "a second")
    try daemon.start()
    try await wait { try daemon.status().pid > 0 }
    let submitted = try await seconds { try drop(into: daemon.spool) }
    tell("submissions, durable when acknowledged", Double(attempts) / submitted, "a second")
    try await wait { try queued() >= attempts - 1 }
  }

  private func batch() async throws {
    let lines = (0..<count).map { "{\"prompt\": \"line \($0)\"}\n" }.joined()
    let before = try queued()
    try daemon.drop(lines, as: "batch.jsonl")
    let seconds = try await seconds { try await wait { try queued() >= before + count } }
    tell("lines of a batch taken", Double(count) / seconds, "a second")
  }

  private func droppedFiles() async throws {
    let before = try queued()
    _ = try await daemon.stop()
    for number in 0..<count {
      try Data("{\"prompt\": \"file \(number)\"}".utf8).write(to: URL(filePath: "\(daemon.spool)/f\(number).json"))
    }
    let seconds = try await seconds {
      try daemon.start()
      try await wait { try queued() >= before + count }
    }
    tell("\(count) files dropped while it was stopped, all in after", seconds, "s")
  }

  private func answers() throws {
    let client = ControlClient(socket: daemon.paths.control)
    func median(_ body: () throws -> Void) rethrows -> Double {
      let times = try (0..<21).map { _ in
        let begun = ContinuousClock.now
        try body()
        return (ContinuousClock.now - begun) / .milliseconds(1)
      }
      return times.sorted()[10]
    }
    tell("jobs waiting", Double(try queued()), "")
    tell("status, median", try median { _ = try daemon.status() }, "ms")
    tell("list of 100, median", try median { let _: JobPage = try client.get("/v1/jobs?limit=100") }, "ms")
  }

  /// What the daemon uses while nothing happens.
  private func rest() async throws {
    let pid = try daemon.status().pid
    try await Task.sleep(for: .seconds(2))
    let (before, pause) = (try ticks(pid), 5.0)
    try await Task.sleep(for: .seconds(pause))
    let used = Double(try ticks(pid) - before) / Double(sysconf(Int32(_SC_CLK_TCK)))
    tell("processor while idle", used / pause * 100, "% of one")
    let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
    for (name, what) in [("VmRSS:", "memory now"), ("VmHWM:", "memory at most")] {
      let line = status.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
      let kibibytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Double($0) } ?? 0
      tell(what, kibibytes / 1024, "MiB")
    }
  }

  /// Of user and system time.
  private func ticks(_ pid: Int32) throws -> Int {
    let stat = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
    let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
    return fields.count > 12 ? (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0) : 0
  }

  private func queued() throws -> Int { try daemon.status().count(.queued) }

  private func wait(_ condition: () throws -> Bool) async throws {
    for _ in 0..<600 {
      if (try? condition()) ?? false { return }
      try await Task.sleep(for: .milliseconds(200))
    }
    throw TestFailure("waited two minutes in vain\n\(daemon.logText.suffix(2000))")
  }
}
