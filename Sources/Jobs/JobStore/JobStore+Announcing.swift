import GRDB
import JobModel

extension JobStore {
  /// Failed and cancelled jobs whose result file may not say so yet: `markAnnounced` has not been called for them. The
  /// oldest first. Of one that is not current there is nobody to tell.
  package func unannouncedJobs(limit: Int) async throws -> [JobRecord] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT \(JobRecord.columns) FROM job
          WHERE is_announced = 0 AND state IN ('failed', 'cancelled') ORDER BY id LIMIT ?
          """, arguments: [limit]
      ).map { try JobRecord($0) }
    }
  }

  /// The job's end has been told, or cannot be.
  package func markAnnounced(_ job: JobID) async throws {
    try await write {
      try $0.execute(sql: "UPDATE job SET is_announced = 1 WHERE id = ?", arguments: [job.rawValue])
    }
  }
}
