import GRDB
import JobModel

/// A job that has failed or was cancelled, and whose result file may not say so yet.
package struct UnannouncedJob: Equatable, Sendable {
  package let job: JobRecord
  /// Whether its request file stands for it still; where not, there is nobody to tell.
  package let isCurrent: Bool
}

extension JobStore {
  /// Failed and cancelled jobs that `markAnnounced` has not been called for, oldest first.
  package func unannouncedJobs(limit: Int) async throws -> [UnannouncedJob] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT \(JobRecord.columns), is_current FROM job
          WHERE is_announced = 0 AND state IN ('failed', 'cancelled') ORDER BY id LIMIT ?
          """, arguments: [limit]
      ).map { UnannouncedJob(job: try JobRecord($0), isCurrent: $0["is_current"]) }
    }
  }

  /// The job's end has been told, or cannot be.
  package func markAnnounced(_ job: JobID) async throws {
    try await write {
      try $0.execute(sql: "UPDATE job SET is_announced = 1 WHERE id = ?", arguments: [job.rawValue])
    }
  }
}
