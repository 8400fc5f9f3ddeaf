import DurableFiles
import Foundation
import JobModel
import JobStore
import ServiceLifecycle
import Spool

extension IntakeService {
  /// Lines that go into the store together.
  private static let chunkSize = 500

  /// Takes a batch: each good line becomes a job, the others are told of in its error file. Interrupted, it goes on
  /// after the last line that was entered. While some lines are entered, the next are judged.
  func take(batch file: RequestFile) async throws {
    try await offPool { [publisher] in try publisher.checkBatchName(request: file.path) }
    let account = try? core.accounts.current.account(of: nil, path: file.path, owner: file.owner)
    let (batch, taken): (JobID, Int)
    switch try await core.store.openBatch(file, account: account ?? ResolvedRequest.defaultAccount) {
    case .known: return
    case .nameTaken(let other): return try await settle(.nameTaken(by: other), file)
    case .open(let job, let after, let revoked):
      dispatcher.drop(revoked)
      (batch, taken) = (job, after)
    }
    var reading = BatchReading(file)
    do {
      guard try await enterAll(&reading, to: batch, after: taken) else { return removeInputs(of: reading.entries) }
    } catch {
      removeInputs(of: reading.entries)
      throw error
    }
    try await close(batch, file, reading.refused)
  }

  /// Judges and enters the lines, a part after the other. What it leaves in `reading.entries` is not entered.
  ///
  /// - Returns: whether all are dealt with; if not, the batch is looked at again.
  private func enterAll(_ reading: inout BatchReading, to batch: JobID, after taken: Int) async throws -> Bool {
    try await judge(&reading, after: taken)
    while let last = reading.last {
      if let wait = reading.wait {
        batchWait = min(batchWait ?? wait, wait)
        return false
      }
      if Task.isShuttingDownGracefully { return false }
      let entries = reading.entries
      async let entering: Void = enter(entries, to: batch, upTo: last, after: taken)
      try await judge(&reading, after: taken)
      try await entering
    }
    return true
  }

  private func enter(_ entries: [BatchEntry], to batch: JobID, upTo last: Int, after taken: Int) async throws {
    guard last > taken else { return }
    do {
      try await core.store.addLines(entries, to: batch, upTo: last)
    } catch {
      removeInputs(of: entries)
      throw error
    }
    dispatcher.wake()
  }

  /// The copies that were made for lines which are not entered: they are copied again when these are.
  private func removeInputs(of entries: [BatchEntry]) {
    for entry in entries { core.removeInput(of: entry.parameters) }
  }

  /// Judges the next lines. What is wrong with those that were dealt with before is found once more for the error file.
  private func judge(_ reading: inout BatchReading, after taken: Int) async throws {
    let chunk = reading.next(Self.chunkSize)
    for line in chunk {
      do {
        let request = try reading.parse(line, core.configuration.limits)
        if line.number <= taken {
          try await check(request, line, reading)
        } else if let rest = try conditioning.check(
          request, owner: reading.file.owner, settle: core.configuration.settle.seconds, at: .now)
        {
          reading.wait = .seconds(rest)
          return
        } else {
          reading.entries.append(try await entry(request, line, reading.file))
        }
        reading.refused.goodCount += 1
      } catch let error as RequestError {
        reading.refused.add(error.onLine(line.number))
      }
    }
  }

  /// A good line that was dealt with before either is in or was refused for what has changed since.
  private func check(_ request: Request, _ line: BatchLine, _ reading: BatchReading) async throws {
    let path = BatchLine.requestPath(stem: reading.file.stem, line: line.number)
    if try await core.store.job(at: path) != nil { return }
    throw request.error(
      .badLines, "the line was refused before the service was interrupted; put it in another file")
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

/// What is known of a batch while its lines are read, some at a time.
private struct BatchReading: Sendable {
  let file: RequestFile
  private var lines: BatchLines.Iterator
  private var customIDs: Set<String> = []
  var refused = RefusedLines()
  /// The good ones of the lines that were judged last.
  var entries: [BatchEntry] = []
  /// The number of the last of them; nil at the end of the file.
  var last: Int?
  /// When to look again where one of them names a file that may still be written: none of them is entered.
  var wait: Duration?

  init(_ file: RequestFile) {
    self.file = file
    lines = BatchLines(file.bytes).makeIterator()
  }

  /// The lines to be judged now.
  mutating func next(_ count: Int) -> [BatchLine] {
    var chunk: [BatchLine] = []
    while chunk.count < count, let line = lines.next() { chunk.append(line) }
    (entries, last) = ([], chunk.last?.number)
    return chunk
  }

  mutating func parse(_ line: BatchLine, _ limits: RequestLimits) throws(RequestError) -> Request {
    let request = try line.request(limits)
    if let id = request.customID, !customIDs.insert(id).inserted {
      throw request.error(.conflict, "another line has the custom_id \"\(id)\"; each must have its own", at: .customID)
    }
    return request
  }
}
