import Foundation
import GRDB
import JobModel

/// What came of a request file.
package enum Acceptance: Equatable, Sendable {
  /// A new job; the leases of the one it replaced, which are void now.
  case new(JobID, revoked: [Lease])
  /// The same bytes were seen before: nothing happened.
  case known(JobID)
  /// Another request of the folder has the same stem.
  case nameTaken(by: String)
}

extension JobStore {
  /// Makes a job with its clips and tasks, in the place of the one that the file stood for before.
  ///
  /// The job before is cancelled if it has not ended; one that is being published is let go on.
  package func accept(_ file: RequestFile, _ parameters: ResolvedRequest) async throws -> Acceptance {
    try await accept([(file, parameters)])[0]
  }

  /// The same for many, in one transaction. It does not wait for the disk: the files are there.
  package func accept(_ requests: [(file: RequestFile, parameters: ResolvedRequest)]) async throws -> [Acceptance] {
    let now = now()
    let new = try requests.map { try NewJob($0.file, $0.parameters, due: ageing.due($0.parameters, created: now)) }
    return try await write(.soon) { database in
      try database.addAccounts(Set(new.map(\.account)))
      return try new.map { new in
        if let answer = try database.answerKnown(new.file) { return answer }
        let revoked = try database.retire(new.file.path, reason: "the request was changed", at: now)
        let job = try database.insert(new, state: .queued, at: now)
        try database.addEvent(job, "accepted", new.file.path, at: now)
        return .new(job, revoked: revoked)
      }
    }
  }

  /// Remembers a request that was refused, so that it is refused once.
  package func reject(_ file: RequestFile, _ error: RequestError) async throws -> Acceptance {
    let now = now()
    let new = NewJob(unread: file, account: ResolvedRequest.defaultAccount, due: now)
    return try await write(.soon) { database in
      if let answer = try database.answerKnown(file, ignoringStem: true) { return answer }
      let revoked = try database.retire(file.path, reason: "the request was changed", at: now)
      try database.addAccounts([new.account])
      let job = try database.insert(new, state: .rejected, reason: error.description, at: now)
      try database.addEvent(job, JobState.rejected.rawValue, error.description, at: now)
      return .new(job, revoked: revoked)
    }
  }

  /// The job that stands for exactly these bytes at this path; nil where they are new. Remembers the file's stamp.
  package func recognize(_ file: RequestFile) async throws -> JobID? { try await recognize([file])[0] }

  /// The same for many, in one transaction.
  package func recognize(_ files: [RequestFile]) async throws -> [JobID?] {
    try await write(.soon) { database in
      try files.map { file in
        guard case .known(let job)? = try database.answerKnown(file, ignoringStem: true) else { return nil }
        return job
      }
    }
  }

  /// The request files that a job stands for, by their path: those of `paths`, and all others that are not done.
  ///
  /// - Complexity: O(paths + requests that are not done), whatever the number of those that are.
  package func knownRequests(at paths: [String]) async throws -> [String: KnownRequest] {
    try await read { database in
      var known: [String: KnownRequest] = [:]
      let open = try Row.fetchCursor(
        database, sql: "\(KnownRequest.selection) WHERE is_current = 1 AND batch IS NULL AND state != 'done'")
      while let row = try open.next() { known[row["path"]] = try KnownRequest(row) }
      let statement = try database.cachedStatement(
        sql: "\(KnownRequest.selection) WHERE path = ? AND is_current = 1 AND state = 'done'")
      for path in paths where known[path] == nil {
        known[path] = try Row.fetchOne(statement, arguments: [path]).map { try KnownRequest($0) }
      }
      return known
    }
  }

  /// The request as it was accepted.
  package func request(of job: JobID) async throws -> [UInt8] {
    try await read { database in
      guard
        let data = try Data.fetchOne(database, sql: "SELECT request FROM job WHERE id = ?", arguments: [job.rawValue])
      else { throw StoreError.missing(job) }
      return Array(data)
    }
  }

  /// The file at `path` is gone: its job is cancelled if it has not ended, and the same bytes put there again are a
  /// new request.
  ///
  /// - Returns: the leases that are void now.
  package func forget(_ path: String) async throws -> [Lease] {
    let now = now()
    return try await write { try $0.retire(path, reason: "the request file was removed", at: now) }
  }
}

extension Database {
  /// What to say of a file without making a job; refreshes the stamp of a file whose bytes are the same.
  func answerKnown(_ file: RequestFile, ignoringStem: Bool = false) throws -> Acceptance? {
    let statement = try cachedStatement(
      sql: "SELECT id, digest, stamp FROM job WHERE path = ? AND is_current = 1 AND is_open = 0")
    let row = try Row.fetchOne(statement, arguments: [file.path])
    if let row, row["digest"] as String == file.digest {
      if row["stamp"] as String != file.stamp {
        try execute(sql: "UPDATE job SET stamp = ? WHERE id = ?", arguments: [file.stamp, row["id"] as Int64])
      }
      return .known(JobID(row["id"] as Int64))
    }
    if ignoringStem { return nil }
    let rival = try cachedStatement(
      sql: "SELECT path FROM job WHERE stem = ? AND path != ? AND is_current = 1 AND state != 'rejected'")
    return try String.fetchOne(rival, arguments: [file.stem, file.path]).map { .nameTaken(by: $0) }
  }

  /// Takes its file from the job at `path`; cancels it if it has not ended and is not being published.
  func retire(_ path: String, reason: String, at now: Date) throws -> [Lease] {
    let row = try Row.fetchOne(
      self, sql: "SELECT id, state FROM job WHERE path = ? AND is_current = 1", arguments: [path])
    guard let row, let state = JobState(rawValue: row["state"]) else { return [] }
    let job = JobID(row["id"] as Int64)
    try execute(
      sql: "UPDATE job SET is_current = 0, is_open = 0 WHERE id = ? OR batch = ?",
      arguments: [job.rawValue, job.rawValue])
    guard state.mayBecome(.cancelled) else { return [] }
    return try cancel(job, reason: reason, at: now)
  }
}

extension Ageing {
  func due(_ parameters: ResolvedRequest, created: Date) -> Date {
    due(created: created, priority: parameters.priority, deadline: parameters.deadlineDate)
  }
}
