import Foundation
import GRDB
import JobModel

/// A job that waits or runs, with what is left of it.
package struct OpenJob: Sendable {
  package let id: JobID
  package let account: String
  package let model: String
  package let state: JobState
  package let created: Date
  package let due: Date
  package let outline: JobOutline
  /// Tasks that are not done, and how many of each.
  package let left: [(step: TaskPlan.Step, count: Int)]
}

extension JobStore {
  /// Jobs that wait or run: of each account the first in its order, and all in the order in which they are due.
  package func openJobs(limit: Int) async throws -> [OpenJob] {
    try await read { [outlines] database in
      var rows: [Row] = []
      for account in try database.accountsWithWork() {
        rows += try Row.fetchAll(
          database,
          sql: """
            SELECT id, account, model, state, created, due FROM job
            WHERE account = ? AND is_batch = 0 AND state IN ('queued', 'running') ORDER BY due, id LIMIT ?
            """, arguments: [account, limit])
      }
      rows.sort { ($0["due"] as Double, $0["id"] as Int64) < ($1["due"], $1["id"]) }
      let left = try database.cachedStatement(
        sql: "SELECT stage, chunk, count(*) AS count FROM task WHERE job = ? AND state != 'done' GROUP BY stage, chunk")
      return try rows.prefix(limit).compactMap { row in
        let id: Int64 = row["id"]
        guard let outline = try outlines.outline(of: id, in: database) else { return nil }
        return OpenJob(
          id: JobID(id), account: row["account"], model: row["model"], state: try row.word("state"),
          created: Date(timeIntervalSince1970: row["created"]), due: Date(timeIntervalSince1970: row["due"]),
          outline: outline,
          left: try Row.fetchAll(left, arguments: [id]).map {
            (TaskPlan.Step(try $0.word("stage"), chunk: $0["chunk"]), $0["count"])
          })
      }
    }
  }

  /// Remembers when a job that begins now is thought to end. Only the first time counts.
  package func recordForecast(_ job: JobID, finish: Date) async throws {
    try await write(.soon) {
      try $0.execute(
        sql: "UPDATE job SET forecast = ? WHERE id = ? AND forecast IS NULL",
        arguments: [finish.timeIntervalSince1970, job.rawValue])
    }
  }

  /// By how much of its running time the forecast of each of the last jobs was off, the newest first.
  package func forecastErrors(limit: Int = 100) async throws -> [Double] {
    try await read { database in
      try Double.fetchAll(
        database,
        sql: """
          SELECT abs(finished - forecast) / (finished - started) FROM job
          WHERE state = 'done' AND forecast IS NOT NULL AND finished > started ORDER BY id DESC LIMIT ?
          """, arguments: [limit])
    }
  }
}

extension Database {
  /// Accounts whose jobs wait or run.
  func accountsWithWork() throws -> [String] {
    try String.fetchAll(
      self,
      sql: """
        SELECT name FROM account WHERE EXISTS (
          SELECT 1 FROM job WHERE account = name AND is_batch = 0 AND state IN ('queued', 'running')) ORDER BY name
        """)
  }
}
