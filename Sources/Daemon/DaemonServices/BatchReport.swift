import DurableFiles
import Foundation
import JobModel
import JobStore
import Spool

/// What a batch came to, line by line.
struct BatchReport: Sendable {
  private let batch: JobRecord
  private let lines: [LineRecord]
  private let shortfall: String?

  init(_ batch: JobRecord, store: JobStore) async throws {
    self.batch = batch
    lines = try await store.lines(of: batch.id)
    shortfall = try await store.shortfall(of: batch.id)
  }

  /// A line of `metadata.jsonl` for each clip of each line that is done.
  var metadata: [JSONValue] {
    lines.filter { $0.state == .done }.flatMap { line in
      line.parameters.clips.compactMap { clip -> JSONValue? in
        let name = (line.path as NSString).lastPathComponent
        guard let file = OutputNames.mainFile(ofLine: name, clip: clip.index, line.parameters) else { return nil }
        var members: [JSONValue.Member] = [.init("file_name", .string(file))]
        if let prompt = clip.prompt { members.append(.init("prompt", .string(prompt))) }
        members += [.init("seed", .integer(clip.seed)), .init("line", .integer(line.line))]
        if let id = line.parameters.customID { members.append(.init("custom_id", .string(id))) }
        return .object(members)
      }
    }
  }

  /// The content of the batch's `NAME.result.json`.
  func result(files: [RunRecord.File]) -> JSONValue {
    let state: JobState = batch.state == .cancelled ? .cancelled : shortfall == nil ? .done : .failed
    return [
      "reproducible": [
        "state": .string(state.rawValue), "request_sha256": .string(batch.digest),
        "lines": .array(lines.map(\.document)), "digitalSourceType": "trainedAlgorithmicMedia",
      ],
      "run": .object(run(files)),
    ]
  }

  private func run(_ files: [RunRecord.File]) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = [.init("job", .integer(batch.id.rawValue))]
    if let message = batch.reason ?? shortfall { members.append(.init("message", .string(message))) }
    members.append(.init("created", .string(batch.created.formatted(.iso8601))))
    members.append(.init("finished", .string((batch.finished ?? .now).formatted(.iso8601))))
    let messages = lines.compactMap { line in
      line.reason.map { JSONValue.object([.init("line", .integer(line.line)), .init("message", .string($0))]) }
    }
    if !messages.isEmpty { members.append(.init("lines", .array(messages))) }
    members.append(.init("files", .array(files.map(\.document))))
    return members
  }
}

extension LineRecord {
  fileprivate var document: JSONValue {
    var members: [JSONValue.Member] = [.init("line", .integer(line))]
    if let id = parameters.customID { members.append(.init("custom_id", .string(id))) }
    members += [.init("state", .string(state.rawValue)), .init("seed", .integer(parameters.seed))]
    return .object(members)
  }
}
