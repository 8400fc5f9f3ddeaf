import Foundation
import GRDB
import JobModel

extension Database {
  /// Moves a job to `next` from any state that may become it.
  ///
  /// - Throws: `StoreError` where the job is not there or its state does not allow it.
  func move(_ job: JobID, to next: JobState, reason: String? = nil, at now: Date) throws {
    let sources = JobState.allCases.filter { $0.mayBecome(next) }
    try move(job, from: sources, to: next, reason: reason, at: now)
  }

  func move(_ job: JobID, from sources: [JobState], to next: JobState, reason: String?, at now: Date) throws {
    precondition(sources.allSatisfy { $0.mayBecome(next) }, "\(next) does not follow each of \(sources)")
    let marks = databaseQuestionMarks(count: sources.count)
    let finished: Double? = next.isFinal ? now.timeIntervalSince1970 : nil
    try execute(
      sql: "UPDATE job SET state = ?, reason = ?, finished = ? WHERE id = ? AND state IN (\(marks))",
      arguments: [next.rawValue, reason, finished, job.rawValue] + StatementArguments(sources.map(\.rawValue)))
    guard changesCount == 1 else {
      guard let found = try String.fetchOne(self, sql: "SELECT state FROM job WHERE id = ?", arguments: [job.rawValue])
      else { throw StoreError.missing(job) }
      let allowed = sources.map(\.rawValue).sorted().joined(separator: ", ")
      throw StoreError(.conflict, "job \(job) is \(found), can become \(next.rawValue) only from \(allowed)")
    }
    try addEvent(job, next.rawValue, reason ?? "", at: now)
    if next == .running { try reserveClips(of: job, at: now) }
    if next.isFinal { try settleClips(of: job, areMade: next == .done, at: now) }
    guard let batch = try batch(of: job) else { return }
    if next == .running {
      let waits = try Bool.fetchOne(
        self, sql: "SELECT state = 'queued' FROM job WHERE id = ?", arguments: [batch.rawValue])
      if waits == true { try move(batch, from: [.queued], to: .running, reason: nil, at: now) }
    } else if next.isFinal {
      try settleBatch(batch, at: now)
    }
  }

  func addEvent(_ job: JobID, _ kind: String, _ detail: String, at now: Date) throws {
    try cachedStatement(sql: "INSERT INTO event (job, at, kind, detail) VALUES (?, ?, ?, ?)")
      .execute(arguments: [job.rawValue, now.timeIntervalSince1970, kind, detail])
  }

  /// Changes the task of a lease that still holds; `assignments` is SQL for what to set beside the state.
  ///
  /// - Throws: `StoreError.fenced` where the lease holds no more.
  func move(
    _ lease: Lease, to next: TaskState, _ use: LeaseUse, at now: Date, setting assignments: String = "",
    _ arguments: StatementArguments = []
  ) throws {
    precondition(TaskState.leased.mayBecome(next), "a leased task cannot become \(next)")
    try settle(lease, use, at: now)
    try change(
      lease,
      setting: "state = ?, lease = NULL, worker = iif(? = 'done', worker, NULL), heartbeat = NULL\(assignments)",
      [next.rawValue, next.rawValue] + arguments)
  }

  func change(_ lease: Lease, setting assignments: String, _ arguments: StatementArguments) throws {
    try execute(
      sql: "UPDATE task SET \(assignments) WHERE id = ? AND state = 'leased' AND lease = ?",
      arguments: arguments + [lease.task.rawValue, lease.attempt])
    guard changesCount == 1 else {
      throw StoreError(.fenced, "\(lease): the lease holds no more; drop the attempt")
    }
  }

  /// The job that a lease's task belongs to.
  func job(of lease: Lease) throws -> JobID {
    guard let id = try Int64.fetchOne(self, sql: "SELECT job FROM task WHERE id = ?", arguments: [lease.task.rawValue])
    else { throw StoreError(.notFound, "task \(lease.task): there is no such task") }
    return JobID(id)
  }

  /// Takes every lease of a job away; the tasks are ready again at their last checkpoints.
  ///
  /// - Returns: the leases that were taken, for the workers to be told.
  func revokeLeases(of job: JobID, at now: Date) throws -> [Lease] {
    let leases = try leases(of: job)
    for lease in leases { try move(lease, to: .ready, .untilNow, at: now) }
    return leases
  }

  func leases(of job: JobID) throws -> [Lease] {
    try Row.fetchAll(
      self,
      sql: """
        SELECT id, lease FROM task WHERE state = 'leased' AND job IN (SELECT id FROM job WHERE id = ? OR batch = ?)
        ORDER BY id
        """, arguments: [job.rawValue, job.rawValue]
    ).map { Lease(task: TaskID($0["id"]), attempt: $0["lease"]) }
  }
}
