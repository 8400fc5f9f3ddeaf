import ControlProtocol
import DaemonTesting
import DurableFiles
import Foundation
import JobModel

/// Urgent jobs, cancelling and estimates, with steps of a fifth of a second.
struct Timing {
  private static let step = 0.2
  private static let trials = 10

  func run() async throws {
    let daemon = try DaemonProcess.usual(script: #"{"step_milliseconds": 200}"#)
    try await daemon.startAndAnswer(seconds: 600)
    try await urgentJobs(daemon)
    try await cancelling(daemon)
    try daemon.rescript(#"{"step_milliseconds": 100}"#)
    try await estimates(daemon)
    _ = try await daemon.stop()
  }

  private func job(_ daemon: DaemonProcess, _ name: String) throws -> JobSummary? {
    try daemon.status().jobs.first { $0.request == name }
  }

  /// From the rename of a request of priority 100 to its first lease, while a job of priority 50 computes.
  private func urgentJobs(_ daemon: DaemonProcess) async throws {
    var waits: [Double] = []
    for trial in 0..<Self.trials {
      try daemon.drop(#"{"prompt": "usual"}"#, as: "usual-\(trial).json")
      try await daemon.until { try daemon.status().devices[0].tasks.first?.stage == .base }
      try await Task.sleep(for: .milliseconds(Int.random(in: 0...200)))
      let begun = ContinuousClock.now
      try daemon.drop(#"{"prompt": "urgent", "priority": 100, "frames": 1, "steps": 1}"#, as: "urgent-\(trial).json")
      try await daemon.until { try job(daemon, "urgent-\(trial).json").map { $0.state != .queued } ?? false }
      waits.append((ContinuousClock.now - begun) / .seconds(1))
      for name in ["usual-\(trial)", "urgent-\(trial)"] {
        if let job = try job(daemon, "\(name).json"), !job.state.isFinal {
          let _: JobChange = try daemon.client.post("/v1/jobs/\(job.id)/cancel")
        }
      }
      try await daemon.until { try daemon.status().devices[0].tasks.isEmpty }
    }
    tell("an urgent job begins while steps take \(Self.step) s", distribution: waits, "s")
  }

  private func cancelling(_ daemon: DaemonProcess) async throws {
    var (answers, frees): ([Double], [Double]) = ([], [])
    for trial in 0..<Self.trials {
      try daemon.drop(#"{"prompt": "cancelled"}"#, as: "cancelled-\(trial).json")
      try await daemon.until { try daemon.status().devices[0].tasks.first?.stage == .base }
      try await Task.sleep(for: .milliseconds(Int.random(in: 0...200)))
      guard let job = try job(daemon, "cancelled-\(trial).json") else { throw TestFailure("no job") }
      let begun = ContinuousClock.now
      answers.append(try milliseconds { let _: JobChange = try daemon.client.post("/v1/jobs/\(job.id)/cancel") })
      try await daemon.until { try daemon.status().devices[0].tasks.isEmpty }
      frees.append((ContinuousClock.now - begun) / .seconds(1))
    }
    tell("cancelling is answered", distribution: answers, "ms")
    tell("and the device is free", distribution: frees, "s")
  }

  /// What was foretold when a job began, against when it was done; the first three of a kind teach how long it takes.
  private func estimates(_ daemon: DaemonProcess) async throws {
    for number in 0..<3 { try daemon.drop(#"{"prompt": "first"}"#, as: "first-\(number).json") }
    try await daemon.until { daemon.exists("first-2.result.json") && daemon.exists("first-0.result.json") }
    for number in 0..<20 { try daemon.drop("{\"prompt\": \"job \(number)\"}", as: "job-\(number).json") }
    try await daemon.until(seconds: 300) { try daemon.status().unfinishedCount == 0 }
    tell("estimated finish is off by, median", (try daemon.status().forecastError ?? .nan) * 100, "% of a job's time")
  }
}
