import DurableFiles
import Foundation
import JobModel
import Spool

/// A result file beside a request, as far as it tells of the job.
struct PublishedResult {
  let requestDigest: String
  let state: JobState
  let job: JobID
  let account: String?
  let message: String?
  let created: Date?
  let finished: Date?
  /// Published files by their paths below the spool, with their SHA-256.
  let files: [(path: String, sha256: String)]
  let byteCount: Int
  let device: String?
  /// Of all stages together.
  let seconds: Double
  /// Of a batch: how each good line ended, by its number.
  let lines: [Int: JobState]

  /// Nil where there is none, or it is none of ours.
  init?(beside request: String, spool: String) {
    let names = OutputNames(requestPath: request)
    let folder = names.folder == "." ? "" : names.folder + "/"
    guard let bytes = try? DurableFile.read("\(spool)/\(folder)\(names.result)", limit: 64 << 20),
      let document = try? JSONDocument(
        parsing: bytes, limits: JSONLimits(byteCount: 64 << 20, depth: 256, valueCount: 1_000_000)
      ).root.value,
      let reproducible = document["reproducible"], let run = document["run"],
      let digest = reproducible["request_sha256"]?.stringValue,
      let state = reproducible["state"]?.stringValue.flatMap(JobState.init(rawValue:)),
      let job = run["job"]?.integerValue
    else { return nil }
    requestDigest = digest
    self.state = state
    self.job = JobID(job)
    account = reproducible["parameters"]?["account"]?.stringValue
    message = run["message"]?.stringValue
    created = run["created"]?.stringValue.flatMap { try? Date($0, strategy: .iso8601) }
    finished = run["finished"]?.stringValue.flatMap { try? Date($0, strategy: .iso8601) }
    byteCount = (run["files"]?.arrayValue ?? []).reduce(0) { $0 + Int($1["bytes"]?.integerValue ?? 0) }
    device = run["device"]?.stringValue
    seconds = TaskStage.allCases.reduce(0) { $0 + (run["seconds"]?[$1.rawValue]?.doubleValue ?? 0) }
    lines = (reproducible["lines"]?.arrayValue ?? []).reduce(into: [:]) { lines, line in
      guard let number = line["line"]?.integerValue, let state = line["state"]?.stringValue else { return }
      lines[Int(number)] = JobState(rawValue: state)
    }
    files = (run["files"]?.arrayValue ?? []).compactMap { file in
      guard let name = file["name"]?.stringValue, let digest = file["sha256"]?.stringValue else { return nil }
      return (folder + name, digest)
    }
  }

  /// Published files that are not there any more, or not what was published.
  func damagedFiles(in spool: String) -> [String] {
    files.filter { (try? sha256(ofFile: "\(spool)/\($0.path)")) != $0.sha256 }.map(\.path)
  }
}
