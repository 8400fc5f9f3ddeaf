import Foundation
import GRDB
import JobModel

extension JobStore {
  /// Ends a job that has not ended.
  ///
  /// - Returns: the leases that are void now; their workers are told to drop them.
  package func cancel(_ job: JobID, reason: String) async throws -> [Lease] {
    let now = now()
    return try await write { try $0.cancel(job, reason: reason, at: now) }
  }

  /// Keeps a job from going on until `release`.
  ///
  /// - Returns: its leases, which still hold; their workers are told to give way, and what they save counts.
  package func hold(_ job: JobID, reason: String) async throws -> [Lease] {
    let now = now()
    return try await write { database in
      try database.move(job, to: .held, reason: reason, at: now)
      try database.moveLines(of: job, from: [.queued, .running, .publishing], to: .held, reason: reason, at: now)
      return try database.leases(of: job)
    }
  }

  /// Lets a held job go on: to be published where every task is done, else in its place in the queue. With a batch go
  /// the lines that were held with it, not those held for reasons of their own.
  package func release(_ job: JobID) async throws {
    let now = now()
    try await write { database in
      let reason = try String.fetchOne(database, sql: "SELECT reason FROM job WHERE id = ?", arguments: [job.rawValue])
      try database.move(job, from: [.held], to: database.stateToGoOn(job), reason: nil, at: now)
      for line in try database.lines(of: job, in: .held, reason: reason) {
        try database.move(line, from: [.held], to: database.stateToGoOn(line), reason: nil, at: now)
      }
    }
  }

  /// Revives a failed job: to be published again where every task is done; else its failed tasks are ready again at
  /// their last checkpoints, with fresh attempts. With a batch its failed lines are, with a line its batch.
  ///
  /// - Throws: `StoreError.conflict` also where its request file stands for another job now, or for none: the names of
  ///   its outputs are not its own any more.
  package func retry(_ job: JobID) async throws {
    let now = now()
    try await write { database in
      for line in try database.lines(of: job, in: .failed) { try database.revive(line, at: now) }
      try database.revive(job, at: now)
      if let batch = try database.batch(of: job) {
        let state = try String.fetchOne(
          database, sql: "SELECT state FROM job WHERE id = ?", arguments: [batch.rawValue])
        if state == JobState.failed.rawValue { try database.revive(batch, at: now) }
      }
    }
  }

  /// - Precondition: `priority` is 0…100.
  package func setPriority(_ job: JobID, _ priority: Int) async throws {
    precondition(0...100 ~= priority, "priority is \(priority), must be 0…100")
    let (now, ageing) = (now(), ageing)
    try await write { database in
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT id, created, json_extract(parameters, '$.deadline') AS deadline FROM job WHERE id = ? OR batch = ?
          """, arguments: [job.rawValue, job.rawValue])
      guard !rows.isEmpty else { throw StoreError.missing(job) }
      let statement = try database.cachedStatement(sql: "UPDATE job SET priority = ?, due = ? WHERE id = ?")
      for row in rows {
        let due = ageing.due(
          created: Date(timeIntervalSince1970: row["created"]), priority: priority,
          deadline: (row["deadline"] as String?).flatMap(ResolvedRequest.date))
        try statement.execute(arguments: [priority, due.timeIntervalSince1970, row["id"] as Int64])
      }
      try database.addEvent(job, "priority", String(priority), at: now)
    }
  }

  /// Gives up a job that cannot be published or whose model is gone.
  package func fail(_ job: JobID, reason: String) async throws -> [Lease] {
    let now = now()
    return try await write { database in
      try database.move(job, to: .failed, reason: reason, at: now)
      return try database.revokeLeases(of: job, at: now)
    }
  }

  /// The job's outputs are all in place.
  ///
  /// - Parameter byteCount: of the published files, which its account pays for.
  package func markPublished(_ job: JobID, byteCount: Int = 0) async throws {
    let now = now()
    try await write { database in
      try database.move(job, from: [.publishing], to: .done, reason: nil, at: now)
      if byteCount > 0 {
        try database.enter(job, "bytes", Double(byteCount), "settle", at: now.timeIntervalSince1970)
      }
    }
  }

  /// Notes something that happened to a job without changing it.
  package func note(_ job: JobID, _ kind: String, _ detail: String) async throws {
    let now = now()
    try await write { try $0.addEvent(job, kind, detail, at: now) }
  }
}

extension Database {
  /// Ends a job that has not ended, and with a batch its lines.
  ///
  /// - Returns: the leases that are void now.
  func cancel(_ job: JobID, reason: String, at now: Date) throws -> [Lease] {
    try move(job, to: .cancelled, reason: reason, at: now)
    let leases = try revokeLeases(of: job, at: now)
    try moveLines(of: job, from: [.queued, .running, .held], to: .cancelled, reason: reason, at: now)
    return leases
  }

  fileprivate func revive(_ job: JobID, at now: Date) throws {
    let isCurrent = try Bool.fetchOne(
      self, sql: "SELECT is_current FROM job WHERE id = ?", arguments: [job.rawValue])
    if isCurrent == false {
      throw StoreError(.conflict, "job \(job): its request was changed or removed since; put it into the spool again")
    }
    try move(job, from: [.failed], to: stateToGoOn(job), reason: nil, at: now)
    try execute(sql: "UPDATE job SET is_announced = 0 WHERE id = ?", arguments: [job.rawValue])
    try execute(
      sql: """
        UPDATE task SET state = iif(state = 'failed', 'ready', state), failures = 0, kills = 0, not_before = NULL
        WHERE job = ? AND state IN ('failed', 'ready')
        """, arguments: [job.rawValue])
  }

  /// The lines of a batch that stand for it still.
  ///
  /// - Parameter reason: theirs; nil: any.
  fileprivate func lines(of batch: JobID, in state: JobState, reason: String? = nil) throws -> [JobID] {
    try Int64.fetchAll(
      self,
      sql: """
        SELECT id FROM job WHERE batch = ? AND state = ? AND (? IS NULL OR reason = ?) AND is_current = 1 ORDER BY line
        """, arguments: [batch.rawValue, state.rawValue, reason, reason]
    ).map { JobID($0) }
  }

  /// SQL for where a held or failed job goes on: to be published where every task is done, else in the queue, as does a
  /// batch whose lines are not all in.
  static let stateToGoOn = "iif(tasks_done = task_count AND is_open = 0, 'publishing', 'queued')"

  fileprivate func stateToGoOn(_ job: JobID) throws -> JobState {
    let state = try String.fetchOne(
      self, sql: "SELECT \(Self.stateToGoOn) FROM job WHERE id = ?", arguments: [job.rawValue])
    return state == JobState.publishing.rawValue ? .publishing : .queued
  }
}
