import Foundation
import GRDB
import JobModel

/// What a lease is charged: the estimate at once, and at its end what was spent in its place.
package struct TaskCharge: Equatable, Sendable {
  /// `cpu_seconds` or `gpu_seconds`.
  package let measure: String
  package let estimate: Double
  /// What a second of the clock costs.
  package let rate: Double

  package init(measure: String, estimate: Double, rate: Double) {
    self.measure = measure
    self.estimate = estimate
    self.rate = rate
  }
}

/// How long a lease was made use of.
package enum LeaseUse: Equatable, Sendable {
  /// So much was spent, by the lease's measure.
  case spent(Double)
  /// For so many seconds of the clock: its worker says so, and nobody else was there.
  case lasted(Double)
  case untilNow
  /// Until it began, or its last checkpoint was recorded: the daemon died, nobody knows how long the worker went on.
  case untilHeard
}

/// What an account has spent of one measure since some dates.
package struct UsageRecord: Equatable, Sendable {
  package let account: String
  package let measure: String
  package let amount: Double
}

/// The ledger only grows: a reservation is undone by its negative, dated as it was, so that the sums of every day are
/// right. Sums by day are kept beside it by triggers.
extension JobStore {
  /// What each account has spent since the day of `date`, reservations included; nil: ever.
  ///
  /// - Complexity: O(days), whatever the number of entries.
  package func usage(since date: Date?) async throws -> [UsageRecord] {
    let day = date.map { Int64(($0.timeIntervalSince1970 / 86_400).rounded(.down)) } ?? 0
    return try await read { database in
      try Row.fetchAll(
        database, sql: "SELECT account, measure, sum(amount) AS amount FROM usage WHERE day >= ? GROUP BY 1, 2",
        arguments: [day]
      ).map { UsageRecord(account: $0["account"], measure: $0["measure"], amount: $0["amount"]) }
    }
  }

  /// What is reserved now, for leases and for the clips of jobs that have begun.
  package func reservations() async throws -> [UsageRecord] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT account, measure, sum(reserved) AS amount FROM task JOIN job ON job.id = task.job
          WHERE task.state = 'leased' AND reserved IS NOT NULL GROUP BY 1, 2
          UNION ALL
          SELECT account, 'clips', sum(clip_count) FROM job WHERE clips_reserved IS NOT NULL GROUP BY 1
          """
      ).map { UsageRecord(account: $0["account"], measure: $0["measure"], amount: $0["amount"]) }
    }
  }

  /// The sum of all entries, to be held against `usage`.
  package func ledgerSum(account: String, measure: String) async throws -> Double {
    try await read { database in
      try Double.fetchOne(
        database, sql: "SELECT total(amount) FROM ledger WHERE account = ? AND measure = ?",
        arguments: [account, measure]) ?? 0
    }
  }
}

extension Database {
  func reserve(_ charge: TaskCharge, for lease: Lease, of job: JobID, at now: Date) throws {
    try execute(
      sql: "UPDATE task SET reserved = ?, reserved_at = ?, measure = ?, rate = ? WHERE id = ?",
      arguments: [
        charge.estimate, now.timeIntervalSince1970, charge.measure, charge.rate, lease.task.rawValue,
      ])
    try enter(job, charge.measure, charge.estimate, "reserve", at: now.timeIntervalSince1970)
  }

  /// Puts what a lease has spent in the place of what was reserved for it. Nothing where nothing was.
  func settle(_ lease: Lease, _ use: LeaseUse, at now: Date) throws {
    let row = try Row.fetchOne(
      self,
      sql: """
        SELECT job, reserved, reserved_at, measure, rate, heartbeat FROM task
        WHERE id = ? AND state = 'leased' AND lease = ? AND reserved IS NOT NULL
        """, arguments: [lease.task.rawValue, lease.attempt])
    guard let row else { return }
    let (job, measure, begun) = (JobID(row["job"] as Int64), row["measure"] as String, row["reserved_at"] as Double)
    let (rate, heard) = (row["rate"] as Double, row["heartbeat"] as Double?)
    let spent: Double =
      switch use {
      case .spent(let amount): amount
      case .lasted(let seconds): max(0, seconds) * rate
      case .untilNow: max(0, now.timeIntervalSince1970 - begun) * rate
      case .untilHeard: max(0, (heard ?? begun) - begun) * rate
      }
    try execute(sql: "UPDATE task SET reserved = NULL WHERE id = ?", arguments: [lease.task.rawValue])
    try enter(job, measure, -(row["reserved"] as Double), "release", at: begun)
    try enter(job, measure, spent, "settle", at: now.timeIntervalSince1970)
  }

  /// Reserves a job's clips when it first begins.
  func reserveClips(of job: JobID, at now: Date) throws {
    try execute(
      sql: "UPDATE job SET clips_reserved = ? WHERE id = ? AND is_batch = 0 AND clips_reserved IS NULL",
      arguments: [now.timeIntervalSince1970, job.rawValue])
    guard changesCount == 1 else { return }
    try enter(job, "clips", Double(try clipCount(of: job)), "reserve", at: now.timeIntervalSince1970)
  }

  /// Gives reserved clips back; a job that is done has made them.
  func settleClips(of job: JobID, areMade: Bool, at now: Date) throws {
    let begun = try Double.fetchOne(
      self, sql: "SELECT clips_reserved FROM job WHERE id = ?", arguments: [job.rawValue])
    guard let begun else { return }
    let count = Double(try clipCount(of: job))
    try execute(sql: "UPDATE job SET clips_reserved = NULL WHERE id = ?", arguments: [job.rawValue])
    try enter(job, "clips", -count, "release", at: begun)
    if areMade { try enter(job, "clips", count, "settle", at: now.timeIntervalSince1970) }
  }

  func enter(_ job: JobID, _ measure: String, _ amount: Double, _ kind: String, at seconds: Double) throws {
    try execute(
      sql: """
        INSERT INTO ledger (account, job, measure, amount, at, kind) SELECT account, id, ?, ?, ?, ? FROM job WHERE id = ?
        """, arguments: [measure, amount, seconds, kind, job.rawValue])
  }

  private func clipCount(of job: JobID) throws -> Int {
    try Int.fetchOne(self, sql: "SELECT clip_count FROM job WHERE id = ?", arguments: [job.rawValue]) ?? 0
  }
}
