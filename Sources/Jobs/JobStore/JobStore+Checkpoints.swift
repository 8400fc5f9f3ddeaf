import GRDB
import JobModel

extension JobStore {
  /// Checkpoints of a task that are kept.
  private static let keptCount = 2

  /// Remembers a checkpoint whose file is already durable. The newest two of a task are kept.
  ///
  /// - Returns: those that are forgotten now; their files may go.
  package func recordCheckpoint(
    _ lease: Lease, step: Int, path: String, sha256: String, byteCount: Int
  ) async throws -> [CheckpointRecord] {
    let now = now()
    return try await write { database in
      try database.change(lease, setting: "heartbeat = ?", [now.timeIntervalSince1970])
      try database.execute(
        sql: """
          INSERT INTO checkpoint (task, attempt, step, path, sha256, byte_count) VALUES (?, ?, ?, ?, ?, ?)
          ON CONFLICT DO UPDATE SET path = excluded.path, sha256 = excluded.sha256, byte_count = excluded.byte_count
          """, arguments: [lease.task.rawValue, lease.attempt, step, path, sha256, byteCount])
      let old = try database.checkpoints(of: lease.task).dropFirst(Self.keptCount)
      for checkpoint in old { try database.delete(checkpoint) }
      return Array(old)
    }
  }

  /// What a task can go on from, the furthest first.
  package func checkpoints(of task: TaskID) async throws -> [CheckpointRecord] {
    try await read { try $0.checkpoints(of: task) }
  }

  /// Forgets a checkpoint whose file is damaged or lost, so that the one before it is used.
  package func dropCheckpoint(_ checkpoint: CheckpointRecord) async throws {
    try await write { try $0.delete(checkpoint) }
  }

  /// Forgets every checkpoint of a job that has ended.
  ///
  /// - Returns: those that there were; their files may go.
  package func dropCheckpoints(of job: JobID) async throws -> [CheckpointRecord] {
    try await write { database in
      try Row.fetchAll(
        database,
        sql: "DELETE FROM checkpoint WHERE task IN (SELECT id FROM task WHERE job = ?) RETURNING *",
        arguments: [job.rawValue]
      ).map { CheckpointRecord($0) }
    }
  }
}

extension Database {
  fileprivate func checkpoints(of task: TaskID) throws -> [CheckpointRecord] {
    try Row.fetchAll(
      self, sql: "SELECT * FROM checkpoint WHERE task = ? ORDER BY step DESC, attempt DESC", arguments: [task.rawValue]
    ).map { CheckpointRecord($0) }
  }

  fileprivate func delete(_ checkpoint: CheckpointRecord) throws {
    try execute(
      sql: "DELETE FROM checkpoint WHERE task = ? AND step = ? AND attempt = ?",
      arguments: [checkpoint.task.rawValue, checkpoint.step, checkpoint.attempt])
  }
}
