import ControlProtocol
import DaemonTesting
import DurableFiles
import Foundation
import JobModel

/// How many of one account's thousand jobs begin before one of another's that comes later.
struct Fairness {
  private static let trials = 10

  func run() async throws {
    let daemon = try DaemonProcess.usual(
      script: #"{"step_milliseconds": 5}"#, settings: "[[account]]\nname = \"many\"\n[[account]]\nname = \"one\"\n")
    for account in ["many", "one"] { try DurableFile.makeFolder("\(daemon.spool)/\(account)") }
    try await daemon.startAndAnswer(seconds: 600)
    try daemon.put(Self.lines, at: "many/batch.jsonl")
    try await daemon.until { try daemon.status().count(.queued) >= 999 }
    var last: Int64 = 0
    var before: [Double] = []
    for trial in 0..<Self.trials {
      let request = "one/job-\(trial).json"
      try daemon.put(#"{"prompt": "one"}"#, at: request)
      try await daemon.until { daemon.exists("one/job-\(trial).result.json") }
      let page: JobPage = try daemon.client.get("/v1/jobs?request=\(request)")
      guard let job = page.jobs.first?.id else { throw TestFailure("\(request) has no job") }
      let events = try daemon.events(after: last, until: job)
      last = events.last?.id ?? last
      let its = { (what: String) in events.firstIndex { $0.what == what && $0.job == job } ?? 0 }
      before.append(Double(events[its("accepted")..<its("running")].count { $0.what == "running" }))
    }
    tell("jobs of another account's 1,000 that begin before one: most", before.max() ?? .nan, "")
    _ = try await daemon.stop()
  }

  private static var lines: String { (0..<1000).map { "{\"prompt\": \"line \($0)\"}\n" }.joined() }
}

extension DaemonProcess {
  /// Drops a request into a folder below the spool.
  func put(_ text: String, at path: String) throws {
    let (folder, name) = path.folderAndName
    let inner = folder == "." ? spool : "\(spool)/\(folder)"
    try Data(text.utf8).write(to: URL(filePath: "\(inner)/.\(name).tmp"))
    rename("\(inner)/.\(name).tmp", "\(inner)/\(name)")
  }
}
