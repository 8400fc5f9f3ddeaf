import Foundation
import GRDB
import JobModel

/// How far a batch's file has been taken.
package enum BatchOpening: Equatable, Sendable {
  /// A job stands for the batch, and the lines up to `after` are taken; the leases of the one it replaced are void.
  case open(JobID, after: Int, revoked: [Lease])
  /// Every line was taken before: nothing happened.
  case known(JobID)
  /// Another request of the folder has the same stem.
  case nameTaken(by: String)
}

/// One good line of a batch.
package struct BatchEntry: Sendable {
  package let line: Int
  /// The line as a request of its own, under the path that its outputs are named after.
  package let file: RequestFile
  package let parameters: ResolvedRequest

  package init(line: Int, file: RequestFile, parameters: ResolvedRequest) {
    self.line = line
    self.file = file
    self.parameters = parameters
  }
}

/// What became of one line of a batch.
package struct LineRecord: Equatable, Sendable {
  package let line: Int
  package let job: JobID
  package let state: JobState
  package let reason: String?
  package let path: String
  package let parameters: ResolvedRequest
}

/// A batch is a job of its own, whose work is other jobs: one for each good line, entered in pieces. Until the last is
/// in, the batch is open, and its file is read again after a crash.
extension JobStore {
  package func openBatch(_ file: RequestFile, account: String) async throws -> BatchOpening {
    let now = now()
    return try await write { database in
      let open = try Row.fetchOne(
        database, sql: "SELECT id, line FROM job WHERE path = ? AND digest = ? AND is_current = 1 AND is_open = 1",
        arguments: [file.path, file.digest])
      if let open { return .open(JobID(open["id"]), after: open["line"], revoked: []) }
      switch try database.answerKnown(file) {
      case .known(let job): return .known(job)
      case .nameTaken(let other): return .nameTaken(by: other)
      case .new, nil: break
      }
      let revoked = try database.retire(file.path, reason: "the request was changed", at: now)
      let job = try database.insertBatch(file, account: account, at: now)
      return .open(job, after: 0, revoked: revoked)
    }
  }

  /// Enters good lines. It does not wait for the disk: the file is there.
  ///
  /// - Parameter last: the number of the last line of the file that is dealt with, good or not.
  package func addLines(_ entries: [BatchEntry], to batch: JobID, upTo last: Int) async throws {
    let now = now()
    let new = try entries.map { try NewJob($0.file, $0.parameters, due: ageing.due($0.parameters, created: now)) }
    try await write(.soon) { database in
      let row = try Row.fetchOne(
        database,
        sql: """
          UPDATE job SET line = ?, task_count = task_count + ? WHERE id = ? AND is_open = 1 AND line < ?
          RETURNING state, reason
          """, arguments: [last, entries.count, batch.rawValue, last])
      guard let row else { throw StoreError(.conflict, "job \(batch): it is no open batch, or line \(last) is in") }
      let state: JobState = try row.word("state")
      // Of a batch that was cancelled or held while its lines come in, so are these, and for its reason: they are
      // released with it.
      let isGoing = state == .queued || state == .running
      let reason: String? = isGoing ? nil : row["reason"]
      try database.addAccounts(Set(new.map(\.account)))
      for (entry, new) in zip(entries, new) {
        _ = try database.insert(
          new, state: isGoing ? .queued : state, reason: reason, batch: batch, line: entry.line,
          isAnnounced: state.isFinal, at: now)
      }
      try database.execute(
        sql: """
          INSERT INTO event (job, at, kind, detail)
          SELECT id, created, 'accepted', path FROM job WHERE batch = ? AND line >= ? AND line <= ? ORDER BY line
          """, arguments: [batch.rawValue, entries.first?.line, last])
    }
  }

  /// Every line is in. A batch without any good line is rejected, but for one that has been cancelled meanwhile.
  ///
  /// - Parameters:
  ///   - refused: how many lines were not good.
  ///   - reason: what is wrong with them.
  package func closeBatch(_ batch: JobID, refused: Int, reason: String) async throws {
    let now = now()
    try await write { database in
      let row = try Row.fetchOne(
        database,
        sql: """
          UPDATE job SET is_open = 0, refused_lines = ? WHERE id = ? AND is_open = 1
          RETURNING state, task_count = 0 AS is_empty
          """, arguments: [refused, batch.rawValue])
      guard let row else { throw StoreError(.conflict, "job \(batch): it is no open batch") }
      guard row["is_empty"] as Bool else { return try database.settleBatch(batch, at: now) }
      let state: JobState = try row.word("state")
      if state.mayBecome(.rejected) { try database.move(batch, to: .rejected, reason: reason, at: now) }
    }
  }

  /// The batch's outputs are all in place: it is done where every line is, and has failed otherwise.
  package func finishBatch(_ batch: JobID) async throws {
    let now = now()
    try await write { database in
      guard let reason = try database.shortfall(of: batch) else {
        return try database.move(batch, from: [.publishing], to: .done, reason: nil, at: now)
      }
      try database.move(batch, from: [.publishing], to: .failed, reason: reason, at: now)
      try database.execute(sql: "UPDATE job SET is_announced = 1 WHERE id = ?", arguments: [batch.rawValue])
    }
  }

  /// Why not every line of the batch is done; nil where every one is.
  package func shortfall(of batch: JobID) async throws -> String? { try await read { try $0.shortfall(of: batch) } }

  /// The good lines of a batch, in their order.
  package func lines(of batch: JobID) async throws -> [LineRecord] {
    try await read { database in
      let rows = try Row.fetchCursor(
        database,
        sql: "SELECT line, id, state, reason, path, parameters FROM job WHERE batch = ? ORDER BY line",
        arguments: [batch.rawValue])
      var lines: [LineRecord] = []
      while let row = try rows.next() {
        let parameters: String = row["parameters"]
        lines.append(
          LineRecord(
            line: row["line"], job: JobID(row["id"]), state: try row.word("state"), reason: row["reason"],
            path: row["path"],
            parameters: try JSONDecoder().decode(ResolvedRequest.self, from: Data(parameters.utf8))))
      }
      return lines
    }
  }

  /// Whether there is anything left that can be done now: jobs that wait, run or are to be published.
  package func hasWork() async throws -> Bool {
    try await read { database in
      try Bool.fetchOne(
        database,
        sql: """
          SELECT EXISTS (SELECT 1 FROM job WHERE is_batch = 0 AND state IN ('queued', 'running', 'publishing'))
            OR EXISTS (SELECT 1 FROM job WHERE is_batch = 1 AND (is_open OR state = 'publishing'))
          """) ?? false
    }
  }

  /// Whether every request file is done.
  package func isAllDone() async throws -> Bool {
    try await read { database in
      try Bool.fetchOne(
        database,
        sql: "SELECT NOT EXISTS (SELECT 1 FROM job WHERE is_current = 1 AND batch IS NULL AND state != 'done')") ?? true
    }
  }
}

extension Database {
  fileprivate func insertBatch(_ file: RequestFile, account: String, at now: Date) throws -> JobID {
    let unread = RequestFile(
      path: file.path, digest: file.digest, stamp: file.stamp, bytes: [], owner: file.owner)
    try addAccounts([account])
    let job = try insert(NewJob(unread: unread, account: account, due: now), state: .queued, at: now)
    try execute(sql: "UPDATE job SET is_batch = 1, is_open = 1, line = 0 WHERE id = ?", arguments: [job.rawValue])
    try addEvent(job, "accepted", file.path, at: now)
    return job
  }

  /// Moves a batch on when the last of its lines has ended.
  func settleBatch(_ batch: JobID, at now: Date) throws {
    let row = try Row.fetchOne(
      self, sql: "SELECT state FROM job WHERE id = ? AND is_open = 0 AND tasks_done = task_count",
      arguments: [batch.rawValue])
    guard let row else { return }
    let state: JobState = try row.word("state")
    if state == .queued { try move(batch, from: [.queued], to: .running, reason: nil, at: now) }
    if [.queued, .running, .failed].contains(state) {
      try move(batch, from: [.running, .failed], to: .publishing, reason: nil, at: now)
    }
  }

  /// Does the same to the lines of a batch as was done to it.
  func moveLines(of batch: JobID, from sources: [JobState], to next: JobState, reason: String?, at now: Date) throws {
    precondition(sources.allSatisfy { $0.mayBecome(next) }, "\(next) does not follow each of \(sources)")
    let marks = databaseQuestionMarks(count: sources.count)
    let states = StatementArguments(sources.map(\.rawValue))
    try execute(
      sql: """
        INSERT INTO event (job, at, kind, detail) SELECT id, ?, ?, ? FROM job WHERE batch = ? AND state IN (\(marks))
        """, arguments: [now.timeIntervalSince1970, next.rawValue, reason ?? "", batch.rawValue] + states)
    if next.isFinal {
      try execute(
        sql: """
          INSERT INTO ledger (account, job, measure, amount, at, kind)
          SELECT account, id, 'clips', -clip_count, clips_reserved, 'release' FROM job
          WHERE batch = ? AND clips_reserved IS NOT NULL AND state IN (\(marks))
          """, arguments: [batch.rawValue] + states)
    }
    // The batch's own result tells of lines that end with it.
    try execute(
      sql: """
        UPDATE job SET state = ?, reason = ?, finished = ?, is_announced = ?,
          clips_reserved = iif(?, NULL, clips_reserved) WHERE batch = ? AND state IN (\(marks))
        """,
      arguments: [
        next.rawValue, reason, next.isFinal ? now.timeIntervalSince1970 : nil, next.isFinal, next.isFinal,
        batch.rawValue,
      ] + states)
  }

  /// The batch whose line the job is; nil for every other.
  func batch(of job: JobID) throws -> JobID? {
    try Int64.fetchOne(self, sql: "SELECT batch FROM job WHERE id = ?", arguments: [job.rawValue]).map { JobID($0) }
  }

  fileprivate func shortfall(of batch: JobID) throws -> String? {
    let rows = try Row.fetchAll(
      self, sql: "SELECT state, count(*) AS count FROM job WHERE batch = ? AND state != 'done' GROUP BY state",
      arguments: [batch.rawValue])
    let refused =
      try Int.fetchOne(self, sql: "SELECT refused_lines FROM job WHERE id = ?", arguments: [batch.rawValue]) ?? 0
    let parts =
      (refused > 0 ? ["\(refused) refused"] : []) + rows.map { "\($0["count"] as Int) \($0["state"] as String)" }
    return parts.isEmpty ? nil : "not every line is done: \(parts.joined(separator: ", "))"
  }
}
