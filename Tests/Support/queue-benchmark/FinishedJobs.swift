import DurableFiles
import Foundation
import GRDB

/// Jobs of long ago, as they would stand in the store: each with its clip, its tasks and what happened to it.
struct FinishedJobs {
  let count: Int

  /// Takes the newest job that waits as the pattern.
  func write(to database: String) throws {
    let queue = try DatabaseQueue(path: database)
    try queue.writeWithoutTransaction { database in
      try database.execute(sql: "PRAGMA synchronous = OFF; PRAGMA cache_size = -200000")
      for start in stride(from: 0, to: count, by: 50_000) {
        try database.inTransaction {
          try write(start..<min(start + 50_000, count), database)
          return .commit
        }
      }
    }
    try queue.close()
  }

  private func write(_ numbers: Range<Int>, _ database: Database) throws {
    let first = (try Int64.fetchOne(database, sql: "SELECT max(id) FROM job") ?? 0) + 1
    let pattern = try Int64.fetchOne(
      database, sql: "SELECT max(id) FROM job WHERE state = 'queued' AND is_batch = 0 AND batch IS NULL")
    let values: [String: (any DatabaseValueConvertible)?] = [
      "first": first, "last": first + Int64(numbers.count) - 1, "pattern": pattern,
    ]
    let series = "WITH RECURSIVE n(id) AS (SELECT :first UNION ALL SELECT id + 1 FROM n WHERE id < :last)"
    for statement in Self.statements {
      let sql = "\(series) \(statement)"
      let used = values.filter { sql.contains(":\($0.key)") }
      try database.execute(sql: sql, arguments: StatementArguments(used))
    }
  }

  private static let statements = [
    """
    INSERT INTO job (id, path, stem, digest, stamp, request, owner, is_current, state, priority, account, model,
      parameters, clip_count, task_count, tasks_done, created, started, finished, due, forecast, is_announced)
    SELECT n.id, 'old/' || n.id || '.json', 'old/' || n.id, digest, stamp, request, owner, 1, 'done', priority, account,
      model, parameters, clip_count, task_count, task_count, created - n.id, created, created + 2, due, created + 2.1, 1
    FROM n JOIN job ON job.id = :pattern
    """,
    "INSERT INTO clip (job, place, seed, prompt) SELECT n.id, 0, n.id, 'a' FROM n",
    """
    INSERT INTO task (job, clip, stage, chunk, state, missing, attempts, worker, result, seconds)
    SELECT n.id, 0, stage, chunk, 'done', 0, 1, 'cpu0', printf('{"result":"%.400c"}', '-'), 0.5
    FROM n JOIN task ON task.job = :pattern
    """,
    """
    INSERT INTO event (job, at, kind, detail) SELECT n.id, 0, column1, '' FROM n
    JOIN (VALUES ('accepted'), ('running'), ('publishing'), ('done'))
    """,
  ]
}
