import Foundation
import GRDB
import JobModel

/// Which jobs to list.
package struct JobFilter: Equatable, Sendable {
  /// Nil: every state.
  package var states: Set<JobState>?
  /// Only lines of batches, or only what is none; nil: both.
  package var isLine: Bool?

  package init(states: Set<JobState>? = nil, isLine: Bool? = nil) {
    self.states = states
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
  ///
  /// - Parameter withParameters: whether to read them: they may be long.
  /// - Complexity: O(limit), whatever the number of jobs.
  package func jobs(
    _ filter: JobFilter = JobFilter(), before: JobID? = nil, limit: Int, withParameters: Bool = true
  ) async throws -> [JobRecord] {
    let (sql, arguments) = filter.selection(before: before, limit: limit)
    let columns = JobRecord.columns(withParameters: withParameters)
    return try await read { database in
      try Row.fetchAll(
        database, sql: "SELECT \(columns) FROM job WHERE id IN (\(sql)) ORDER BY id DESC", arguments: arguments
      ).map { try JobRecord($0) }
    }
  }

  /// The copies of named files that jobs may still need: those that are not over.
  package func inputCopies() async throws -> Set<String> {
    try await read { database in
      Set(
        try String.fetchAll(
          database,
          sql: """
            SELECT json_extract(parameters, '$.input.copy') FROM job
            WHERE (state IN ('queued', 'running', 'publishing', 'held') OR state = 'failed' AND is_current = 1)
              AND json_extract(parameters, '$.input.copy') IS NOT NULL
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

extension JobFilter {
  /// SQL for the numbers of the newest jobs. Each state is looked up by itself, requests apart from lines, as the indices
  /// have them.
  fileprivate func selection(before: JobID?, limit: Int) -> (sql: String, arguments: StatementArguments) {
    var parts: [String] = []
    var arguments = StatementArguments()
    func add(_ fixed: [String], _ state: JobState?) {
      let bound: [(String, DatabaseValue?)] = [
        ("state = ?", state?.rawValue.databaseValue), ("id < ?", before?.rawValue.databaseValue),
      ]
      let conditions = fixed + bound.filter { $1 != nil }.map(\.0)
      arguments += StatementArguments(bound.compactMap(\.1))
      let clause = conditions.isEmpty ? "" : "WHERE \(conditions.joined(separator: " AND "))"
      parts.append("SELECT * FROM (SELECT id FROM job \(clause) ORDER BY id DESC LIMIT \(limit))")
    }
    if states == nil, isLine == nil {
      add([], nil)
    } else {
      for isLine in isLine.map({ [$0] }) ?? [false, true] {
        for state in (states ?? Set(JobState.allCases)).sorted(by: { $0.rawValue < $1.rawValue }) {
          add(["batch IS \(isLine ? "NOT NULL" : "NULL")"], state)
        }
      }
    }
    return ("\(parts.joined(separator: " UNION ALL ")) ORDER BY id DESC LIMIT \(limit)", arguments)
  }
}
