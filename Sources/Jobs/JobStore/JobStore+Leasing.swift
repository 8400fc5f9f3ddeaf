import Foundation
import GRDB
import JobModel

/// What finishing a task led to.
package struct FinishedTask: Equatable, Sendable {
  package let job: JobID
  /// Whether this was the job's last task: the job is `publishing` now, or `held` and complete.
  package let isLast: Bool
}

/// What a failed attempt led to.
package struct FailedTask: Equatable, Sendable {
  package let job: JobID
  /// Whether the job has failed with it.
  package let hasFailedJob: Bool
  /// Other leases of the job, void now.
  package let revoked: [Lease]
}

extension JobStore {
  /// Seconds; no pause between attempts is longer. A time that is further away was set by a clock that has since been
  /// set back, and says nothing.
  private static let longestPause = 7200.0

  /// Tasks that may begin now, of queued and running jobs: of each account the first in its order, by due time, then
  /// arrival, then place in the job.
  ///
  /// - Parameter limit: of each account.
  package func readyTasks(limit: Int) async throws -> [ReadyTask] {
    let now = now().timeIntervalSince1970
    return try await read { [outlines] database in
      try database.accountsWithWork().flatMap { account in
        try Row.fetchAll(
          database,
          sql: """
            SELECT task.*, job.priority, job.account, job.model, job.created, job.due, job.clip_count,
              job.clips_reserved IS NULL AS is_new
            FROM job CROSS JOIN task ON task.job = job.id AND task.state = 'ready' AND task.missing = 0
            WHERE job.account = ? AND job.is_batch = 0 AND job.state IN ('queued', 'running')
              AND (task.not_before IS NULL OR task.not_before NOT BETWEEN ? AND ?)
            ORDER BY job.due, job.id, task.id LIMIT ?
            """, arguments: [account, now.nextUp, now + Self.longestPause, limit]
        ).compactMap { row in
          guard let outline = try outlines.outline(of: row["job"], in: database) else { return nil }
          return ReadyTask(
            task: try TaskRecord(row), priority: row["priority"], account: row["account"], model: row["model"],
            outline: outline, created: Date(timeIntervalSince1970: row["created"]),
            due: Date(timeIntervalSince1970: row["due"]), newClipCount: row["is_new"] ? row["clip_count"] : 0)
        }
      }
    }
  }

  /// When the next task that waits for its retry may begin; nil where none waits.
  package func nextRetry() async throws -> Date? {
    try await read { database in
      try Double.fetchOne(
        database,
        sql: """
          SELECT min(not_before) FROM task JOIN job ON job.id = task.job
          WHERE task.state = 'ready' AND task.not_before IS NOT NULL AND job.state IN ('queued', 'running')
          """
      ).map { Date(timeIntervalSince1970: $0) }
    }
  }

  /// Gives a ready task to a worker; the job is running from then on. It does not wait for the disk: a power cut before
  /// anything was saved costs nothing but the start.
  ///
  /// - Parameter charge: what its account pays; nil: nothing.
  /// - Throws: `StoreError.conflict` where the task is not ready or its job may not run.
  package func lease(_ task: TaskID, worker: String, charge: TaskCharge? = nil) async throws -> Lease {
    let now = now()
    return try await write(.soon) { database in
      let row = try Row.fetchOne(
        database,
        sql: """
          UPDATE task SET state = 'leased', attempts = attempts + 1, lease = attempts + 1, worker = ?, heartbeat = ?,
            not_before = NULL
          WHERE id = ? AND state = 'ready' AND missing = 0
            AND EXISTS (SELECT 1 FROM job WHERE job.id = task.job AND job.state IN ('queued', 'running'))
          RETURNING job, lease
          """, arguments: [worker, now.timeIntervalSince1970, task.rawValue])
      guard let row else { throw StoreError(.conflict, "lease task \(task): it is not ready, or its job may not run") }
      let job = JobID(row["job"] as Int64)
      let state = try String.fetchOne(database, sql: "SELECT state FROM job WHERE id = ?", arguments: [job.rawValue])
      if state == JobState.queued.rawValue {
        try database.execute(
          sql: "UPDATE job SET started = coalesce(started, ?) WHERE id = ?",
          arguments: [now.timeIntervalSince1970, job.rawValue])
        try database.move(job, from: [.queued], to: .running, reason: nil, at: now)
      }
      let lease = Lease(task: task, attempt: row["lease"])
      if let charge { try database.reserve(charge, for: lease, of: job, at: now) }
      return lease
    }
  }

  /// The task is done: wakes the tasks that waited for it and, with the last, moves the job to `publishing`. It does not
  /// wait for the disk: a power cut before it is there costs what was done since the last checkpoint.
  ///
  /// - Parameter result: what the daemon wants to know of it later; the store does not look into it.
  package func finish(
    _ lease: Lease, result: String, seconds: Double, use: LeaseUse = .untilNow
  ) async throws -> FinishedTask {
    let now = now()
    return try await write(.soon) { [outlines] database in
      try database.move(
        lease, to: .done, use, at: now, setting: ", result = ?, seconds = ?, message = NULL", [result, seconds])
      let job = try database.job(of: lease)
      if let plan = try outlines.outline(of: job.rawValue, in: database)?.plan {
        try database.wakeSuccessors(of: lease.task, in: job, plan)
      }
      let row = try Row.fetchOne(
        database, sql: "SELECT state, task_count = tasks_done AS complete FROM job WHERE id = ?",
        arguments: [job.rawValue])
      let isLast = row.map { $0["complete"] as Bool } ?? false
      let state: JobState? = try row?.word("state")
      // Held and released while its last task went on, it waits in the queue.
      if isLast, state == .queued { try database.move(job, from: [.queued], to: .running, reason: nil, at: now) }
      if isLast, state == .queued || state == .running {
        try database.move(job, from: [.running], to: .publishing, reason: nil, at: now)
      }
      return FinishedTask(job: job, isLast: isLast)
    }
  }

  /// The worker gave way, or is gone without fault of the task: ready again at the last checkpoint.
  package func yield(_ lease: Lease, use: LeaseUse = .untilNow) async throws {
    let now = now()
    try await write { try $0.move(lease, to: .ready, use, at: now) }
  }

  /// The attempt failed.
  ///
  /// - Parameters:
  ///   - killedWorker: whether the worker died of it.
  ///   - retryAt: when to try again (see `RetryPolicy`); nil gives the task and its job up.
  package func fail(
    _ lease: Lease, message: String, killedWorker: Bool, retryAt: Date?, use: LeaseUse = .untilNow
  ) async throws -> FailedTask {
    let now = now()
    return try await write { database in
      try database.move(
        lease, to: retryAt == nil ? .failed : .ready, use, at: now,
        setting: ", failures = failures + 1, kills = kills + ?, message = ?, not_before = ?",
        [killedWorker ? 1 : 0, message, retryAt?.timeIntervalSince1970])
      let job = try database.job(of: lease)
      let reason = "\(lease): \(message)"
      guard retryAt == nil else {
        try database.addEvent(job, "attempt failed", reason, at: now)
        return FailedTask(job: job, hasFailedJob: false, revoked: [])
      }
      try database.move(job, to: .failed, reason: reason, at: now)
      return FailedTask(job: job, hasFailedJob: true, revoked: try database.revokeLeases(of: job, at: now))
    }
  }

  /// The finished task's result is lost or damaged: it must run again, and what waits for it waits again. A job that
  /// was being published goes back to the queue.
  package func redo(_ task: TaskID, message: String) async throws {
    let now = now()
    try await write { [outlines] database in
      let row = try Row.fetchOne(
        database,
        sql: """
          UPDATE task SET state = 'ready', result = NULL, message = ? WHERE id = ? AND state = 'done'
            AND EXISTS (SELECT 1 FROM job WHERE job.id = task.job AND job.state NOT IN ('done', 'cancelled'))
          RETURNING job
          """,
        arguments: [message, task.rawValue])
      guard let row else { throw StoreError(.conflict, "redo task \(task): it is not done, or its job has ended") }
      let job = JobID(row["job"] as Int64)
      let plan = try outlines.outline(of: job.rawValue, in: database)?.plan
      for (successor, _) in try plan.map({ try database.successors(of: task, in: job, $0) }) ?? [] {
        try database.execute(
          sql: """
            UPDATE task SET missing = missing + 1, state = iif(state = 'ready', 'waiting', state) WHERE id = ?
            """, arguments: [successor.rawValue])
      }
      try database.addEvent(job, "redo", "task \(task): \(message)", at: now)
      let state = try String.fetchOne(database, sql: "SELECT state FROM job WHERE id = ?", arguments: [job.rawValue])
      if state == JobState.publishing.rawValue {
        try database.move(job, from: [.publishing], to: .queued, reason: nil, at: now)
      }
    }
  }

  /// Every task that a worker has, as the store knows it; at start these are the ones of the process before.
  package func leasedTasks() async throws -> [TaskRecord] {
    try await read { database in
      try Row.fetchAll(database, sql: "SELECT * FROM task WHERE state = 'leased' ORDER BY id").map {
        try TaskRecord($0)
      }
    }
  }
}

extension Database {
  /// Counts one predecessor less for what waits for `task`; what waits for nothing any more is ready.
  fileprivate func wakeSuccessors(of task: TaskID, in job: JobID, _ plan: TaskPlan) throws {
    for (successor, state) in try successors(of: task, in: job, plan) {
      let missing = try Int.fetchOne(
        self, sql: "UPDATE task SET missing = missing - 1 WHERE id = ? RETURNING missing",
        arguments: [successor.rawValue])
      guard missing == 0, state == .waiting else { continue }
      try execute(sql: "UPDATE task SET state = 'ready' WHERE id = ?", arguments: [successor.rawValue])
    }
  }

  /// The tasks that need `task`, by the job's plan.
  fileprivate func successors(
    of task: TaskID, in job: JobID, _ plan: TaskPlan
  ) throws -> [(TaskID, TaskState)] {
    let rows = try Row.fetchAll(
      self,
      sql: """
        SELECT id, stage, chunk, state FROM task
        WHERE job = ? AND clip = (SELECT clip FROM task WHERE id = ?)
        """, arguments: [job.rawValue, task.rawValue])
    let clip = try rows.map { row in
      (
        id: TaskID(row["id"]), step: TaskPlan.Step(try row.word("stage"), chunk: row["chunk"]),
        state: try row.word("state") as TaskState
      )
    }
    guard let done = clip.first(where: { $0.id == task }) else { return [] }
    return clip.filter { plan.predecessors(of: $0.step).contains(done.step) }.map { ($0.id, $0.state) }
  }
}
