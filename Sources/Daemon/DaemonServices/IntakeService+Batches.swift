import DurableFiles
import Foundation
import JobModel
import JobStore
import Spool

extension IntakeService {
  /// Lines that go into the store together.
  private static let chunkSize = 500

  /// Takes a batch: each good line becomes a job, the others are told of in its error file. Interrupted, it goes on
  /// after the last line that was entered.
  func take(batch file: RequestFile) async throws {
    try await offPool { [publisher] in try publisher.checkBatchName(request: file.path) }
    let (batch, taken): (JobID, Int)
    let account = try? core.configuration.accounts.account(of: nil, path: file.path, owner: file.owner)
    switch try await core.store.openBatch(file, account: account ?? ResolvedRequest.defaultAccount) {
    case .known: return
    case .nameTaken(let other): return try await settle(.nameTaken(by: other), file)
    case .open(let job, let after, let revoked):
      dispatcher.drop(revoked)
      (batch, taken) = (job, after)
    }
    var reading = BatchReading(stem: file.stem)
    var lines = BatchLines(file.bytes).makeIterator()
    while true {
      var chunk: [BatchLine] = []
      while chunk.count < Self.chunkSize, let line = lines.next() { chunk.append(line) }
      guard let last = chunk.last else { break }
      let wait = try await enter(chunk.filter { $0.number > taken }, of: file, to: batch, upTo: last.number, &reading)
      if let wait {
        batchWait = min(batchWait ?? wait, wait)
        return
      }
      // What is wrong with lines that were dealt with before is found once more for the error file.
      for line in chunk where line.number <= taken { try await judgeAgain(line, &reading) }
    }
    try await close(batch, file, reading.refused)
  }

  /// - Returns: when to look again where a line names a file that may still be written; nothing is entered then.
  private func enter(
    _ chunk: [BatchLine], of file: RequestFile, to batch: JobID, upTo last: Int, _ reading: inout BatchReading
  ) async throws -> Duration? {
    guard !chunk.isEmpty else { return nil }
    var tentative = reading
    var entries: [BatchEntry] = []
    for line in chunk {
      do {
        let request = try tentative.parse(line, core.configuration.limits)
        let settle = core.configuration.settle.seconds
        if let rest = try conditioning.check(request, owner: file.owner, settle: settle, at: .now) {
          return .seconds(rest)
        }
        entries.append(try await entry(request, line, file))
        tentative.refused.goodCount += 1
      } catch let error as RequestError {
        tentative.refused.add(error.onLine(line.number))
      }
    }
    try await core.store.addLines(entries, to: batch, upTo: last)
    reading = tentative
    dispatcher.wake()
    return nil
  }

  private func entry(_ request: Request, _ line: BatchLine, _ batch: RequestFile) async throws -> BatchEntry {
    var resolved = try resolve(request, batch, digest: line.digest)
    resolved.input = try await copyInput(of: request, batch)
    let bytes = request.bytes(withSeed: resolved.seed)
    let file = RequestFile(
      path: BatchLine.requestPath(stem: batch.stem, line: line.number), digest: SHA256Digest(of: bytes).hex,
      stamp: batch.stamp, bytes: bytes, owner: batch.owner)
    return BatchEntry(line: line.number, file: file, parameters: resolved)
  }

  private func judgeAgain(_ line: BatchLine, _ reading: inout BatchReading) async throws {
    do {
      let request = try reading.parse(line, core.configuration.limits)
      if try await core.store.hasLine(at: BatchLine.requestPath(stem: reading.stem, line: line.number)) {
        reading.refused.goodCount += 1
      } else {
        throw request.error(
          .badLines, "the line was refused before the service was interrupted; put it in another file")
      }
    } catch let error as RequestError {
      reading.refused.add(error.onLine(line.number))
    }
  }

  /// The error file comes first: whatever happens, refused lines are told of.
  private func close(_ batch: JobID, _ file: RequestFile, _ refused: RefusedLines) async throws {
    if refused.count + refused.goodCount == 0 {
      let error = RequestError(.missingKey, "the batch has no line; write a request a line")
      try await unlessForbidden { [publisher] in
        try publisher.writeError(batch, request: file.path, error.document)
      }
      return try await core.store.closeBatch(batch, refused: 0, reason: error.message)
    }
    try await unlessForbidden { [publisher] in
      if refused.count > 0 {
        try publisher.writeError(batch, request: file.path, refused.document)
      } else {
        try publisher.removeError(request: file.path)
      }
    }
    try await core.store.closeBatch(batch, refused: refused.count, reason: refused.summary.message)
    core.logger.info(
      "batch accepted",
      metadata: [
        "job": "\(batch)", "request": "\(file.path)", "lines": "\(refused.goodCount)", "refused": "\(refused.count)",
      ])
  }
}

/// What is known of a batch while its lines are read.
private struct BatchReading {
  let stem: String
  var refused = RefusedLines()
  private var customIDs: Set<String> = []

  init(stem: String) { self.stem = stem }

  mutating func parse(_ line: BatchLine, _ limits: RequestLimits) throws(RequestError) -> Request {
    let request = try line.request(limits)
    if let id = request.customID, !customIDs.insert(id).inserted {
      throw request.error(.conflict, "another line has the custom_id \"\(id)\"; each must have its own", at: .customID)
    }
    return request
  }
}
