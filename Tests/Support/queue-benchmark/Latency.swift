import DaemonTesting
import DurableFiles
import Foundation

/// From the rename into the spool to the end of the first step of the base, on a worker that has the model: what the
/// queue adds. Between them lie the text stage and its hand-over; the worker computes nothing.
struct Latency {
  private static let samples = 60

  func run() async throws {
    let daemon = try DaemonProcess.usual(script: "{}")
    try DurableFile.replace("\(daemon.root)/model/steps.log", with: "")
    try await daemon.startAndAnswer(seconds: 600)
    var latencies: [Double] = []
    for number in 0...Self.samples {
      let done = try daemon.steps().count
      try Data("{\"prompt\": \"number \(number)\"}".utf8).write(to: URL(filePath: "\(daemon.spool)/.r.tmp"))
      let begun = Date.now.timeIntervalSince1970
      rename("\(daemon.spool)/.r.tmp", "\(daemon.spool)/r\(number).json")
      try await daemon.until { daemon.exists("r\(number).result.json") }
      let first = try daemon.steps().dropFirst(done).first { $0.task == "base" }?.time
      // The first one starts the worker.
      if number > 0, let first { latencies.append((first - begun) * 1000) }
      try await Task.sleep(for: .milliseconds(100))
    }
    tell("from rename to the first step", distribution: latencies, "ms")
    _ = try await daemon.stop()
  }
}
