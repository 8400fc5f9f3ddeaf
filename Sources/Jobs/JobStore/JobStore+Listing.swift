import Foundation
import GRDB
import JobModel

/// Which jobs to list.
package struct JobFilter: Equatable, Sendable {
  /// Nil: every state.
  package var states: Set<JobState>?
  package var account: String?
  /// Only lines of batches, or only what is none; nil: both.
  package var isLine: Bool?

  package init(states: Set<JobState>? = nil, account: String? = nil, isLine: Bool? = nil) {
    self.states = states
    self.account = account
    self.isLine = isLine
  }
}

extension JobStore {
  package func job(_ id: JobID) async throws -> JobRecord? {
    try await read { database in
      try Row.fetchOne(
        database, sql: "SELECT \(JobRecord.columns) FROM job WHERE id = ?", arguments: [id.rawValue]
      ).map { try JobRecord($0) }
    }
  }

  /// The job that the request file at `path` stands for.
  package func job(at path: String) async throws -> JobRecord? {
    try await read { database in
      try Row.fetchOne(
        database, sql: "SELECT \(JobRecord.columns) FROM job WHERE path = ? AND is_current = 1", arguments: [path]
      ).map { try JobRecord($0) }
    }
  }

  /// Jobs from the newest to the oldest; the next page begins before the last one's number.
  package func jobs(
    _ filter: JobFilter = JobFilter(), before: JobID? = nil, limit: Int
  ) async throws -> [JobRecord] {
    var conditions: [String] = []
    var arguments: [any DatabaseValueConvertible] = []
    if let before {
      conditions.append("id < ?")
      arguments.append(before.rawValue)
    }
    if let states = filter.states {
      conditions.append("state IN (\(databaseQuestionMarks(count: states.count)))")
      arguments += states.map(\.rawValue).sorted()
    }
    if let account = filter.account {
      conditions.append("account = ?")
      arguments.append(account)
    }
    if let isLine = filter.isLine { conditions.append("batch IS \(isLine ? "NOT NULL" : "NULL")") }
    let clause = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
    let sql = "SELECT \(JobRecord.columns) FROM job \(clause) ORDER BY id DESC LIMIT \(limit)"
    let bound = StatementArguments(arguments)
    return try await read { database in
      try Row.fetchAll(database, sql: sql, arguments: bound ?? []).map { try JobRecord($0) }
    }
  }

  /// The copies of named files that jobs may still need, which are those that have not ended for good.
  package func inputCopies() async throws -> Set<String> {
    try await read { database in
      Set(
        try String.fetchAll(
          database,
          sql: """
            SELECT json_extract(parameters, '$.input.copy') FROM job
            WHERE state NOT IN ('done', 'cancelled', 'rejected') AND json_extract(parameters, '$.input.copy') IS NOT NULL
            """))
    }
  }

  /// How many jobs are in each state. Complexity: O(1), whatever their number.
  package func counts() async throws -> [JobState: Int] {
    try await read { database in
      var counts: [JobState: Int] = [:]
      for row in try Row.fetchAll(database, sql: "SELECT state, count FROM state_count") {
        counts[try row.word("state")] = row["count"]
      }
      return counts
    }
  }

  /// The job's tasks, by clip and then in an order in which they can run.
  package func tasks(of job: JobID) async throws -> [TaskRecord] {
    try await read { database in
      try Row.fetchAll(database, sql: "SELECT * FROM task WHERE job = ? ORDER BY id", arguments: [job.rawValue])
        .map { try TaskRecord($0) }
    }
  }

  /// The tasks of one clip of the job.
  package func tasks(of job: JobID, clip: Int) async throws -> [TaskRecord] {
    try await read { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM task WHERE job = ? AND clip = ? ORDER BY id", arguments: [job.rawValue, clip]
      ).map { try TaskRecord($0) }
    }
  }

  package func task(_ id: TaskID) async throws -> TaskRecord? {
    try await read { database in
      try Row.fetchOne(database, sql: "SELECT * FROM task WHERE id = ?", arguments: [id.rawValue])
        .map { try TaskRecord($0) }
    }
  }

  /// What happened to a job, oldest first; the newest `limit`.
  package func events(of job: JobID, limit: Int = 1000) async throws -> [EventRecord] {
    try await read { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM event WHERE job = ? ORDER BY id DESC LIMIT ?", arguments: [job.rawValue, limit]
      ).reversed().map { EventRecord($0) }
    }
  }

  /// What happened to all jobs after the event numbered `after`, oldest first.
  package func events(after: Int64, limit: Int) async throws -> [EventRecord] {
    try await read { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM event WHERE id > ? ORDER BY id LIMIT ?", arguments: [after, limit]
      ).map { EventRecord($0) }
    }
  }

  /// The number of the newest event; 0 where nothing has happened yet.
  package func lastEvent() async throws -> Int64 {
    try await read { try Int64.fetchOne($0, sql: "SELECT max(id) FROM event") ?? 0 }
  }
}
