import Foundation
import GRDB
import JobModel

/// A job as it can be told from what lies outside the store.
package struct RestoredJob: Equatable, Sendable {
  /// Nil: any number.
  package var id: JobID?
  package var file: RequestFile
  package var parameters: ResolvedRequest
  /// `done`, `failed`, `cancelled`, or `queued` for what is to go on.
  package var state: JobState
  package var reason: String?
  package var created: Date
  package var finished: Date?
  /// Those of which something is known; the others are as if they had not begun.
  package var tasks: [RestoredTask]
  /// What its account has paid for it, by measure, when it ended.
  package var spent: [String: Double]

  package init(
    id: JobID?, file: RequestFile, parameters: ResolvedRequest, state: JobState, reason: String?, created: Date,
    finished: Date?, tasks: [RestoredTask], spent: [String: Double] = [:]
  ) {
    self.id = id
    self.file = file
    self.parameters = parameters
    self.state = state
    self.reason = reason
    self.created = created
    self.finished = finished
    self.tasks = tasks
    self.spent = spent
  }
}

/// A batch as it can be told from its file and what lies outside the store: all its lines are known.
package struct RestoredBatch: Sendable {
  /// Nil: any number.
  package var id: JobID?
  package var file: RequestFile
  package var account: String
  package var state: JobState
  package var reason: String?
  package var created: Date
  package var finished: Date?
  package var refusedCount: Int
  /// The good ones by their numbers, as the requests that they would be alone.
  package var lines: [(number: Int, job: RestoredJob)]

  package init(
    id: JobID?, file: RequestFile, account: String, state: JobState, reason: String?, created: Date, finished: Date?,
    refusedCount: Int, lines: [(number: Int, job: RestoredJob)]
  ) {
    self.id = id
    self.file = file
    self.account = account
    self.state = state
    self.reason = reason
    self.created = created
    self.finished = finished
    self.refusedCount = refusedCount
    self.lines = lines
  }
}

/// A task as its attempts' folders tell of it.
package struct RestoredTask: Equatable, Sendable {
  package struct Place: Hashable, Sendable {
    package let clip: Int
    package let step: TaskPlan.Step

    package init(clip: Int, step: TaskPlan.Step) {
      self.clip = clip
      self.step = step
    }
  }

  /// The name of its folder.
  package var id: TaskID
  package var place: Place
  package var attempts: Int
  /// What the worker reported where the task is done and its outputs are whole; else nil.
  package var result: String?
  package var seconds: Double?
  package var checkpoints: [CheckpointRecord]

  package init(
    id: TaskID, place: Place, attempts: Int, result: String?, seconds: Double?, checkpoints: [CheckpointRecord]
  ) {
    self.id = id
    self.place = place
    self.attempts = attempts
    self.result = result
    self.seconds = seconds
    self.checkpoints = checkpoints
  }
}

extension JobStore {
  /// Puts jobs into a new store, in one transaction.
  ///
  /// - Parameter highestTask: no other task gets a number up to this one: folders have these names.
  package func restore(
    _ jobs: [RestoredJob], batches: [RestoredBatch] = [], highestTask: TaskID
  ) async throws {
    let (now, ageing) = (now(), ageing)
    try await write { database in
      let numbers = jobs.map(\.id) + batches.flatMap { [$0.id] + $0.lines.map(\.job.id) }
      try database.reserve("job", upTo: numbers.compactMap { $0 }.max()?.rawValue ?? 0)
      try database.reserve("task", upTo: highestTask.rawValue)
      for job in jobs { try database.restore(job, ageing, at: now) }
      for batch in batches {
        let id = try database.restore(batch, at: now)
        for (number, job) in batch.lines { try database.restore(job, ageing, batch: id, line: number, at: now) }
      }
    }
  }
}

extension Database {
  /// Numbers that SQLite gives out by itself begin above `number`.
  fileprivate func reserve(_ table: String, upTo number: Int64) throws {
    try execute(sql: "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", arguments: [table, number])
  }

  /// The lines count themselves as they come in.
  fileprivate func restore(_ batch: RestoredBatch, at now: Date) throws -> JobID {
    try addAccounts([batch.account])
    try execute(
      sql: """
        INSERT INTO job (id, path, stem, digest, stamp, request, owner, is_current, state, reason, priority, account,
          parameters, task_count, created, finished, is_announced, is_batch, line, refused_lines)
        VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, 0, ?, 'null', ?, ?, ?, 1, 1, ?, ?)
        """,
      arguments: [
        batch.id?.rawValue, batch.file.path, batch.file.stem, batch.file.digest, batch.file.stamp, Data(),
        batch.file.owner, batch.state.rawValue, batch.reason, batch.account, batch.lines.count,
        batch.created.timeIntervalSince1970, batch.finished?.timeIntervalSince1970, batch.lines.last?.number ?? 0,
        batch.refusedCount,
      ])
    let id = JobID(lastInsertedRowID)
    try addEvent(id, "restored", batch.state.rawValue, at: now)
    return id
  }

  fileprivate func restore(
    _ job: RestoredJob, _ ageing: Ageing, batch: JobID? = nil, line: Int? = nil, at now: Date
  ) throws {
    let parameters = job.parameters
    let steps = job.state == .done || job.state == .cancelled ? [] : parameters.plan.steps
    let known = Dictionary(job.tasks.map { ($0.place, $0) }) { first, _ in first }
    let done = Set(known.filter { $0.value.result != nil }.keys)
    let taskCount = parameters.clips.count * steps.count
    let isComplete = job.state == .queued && done.count == taskCount
    try addAccounts([parameters.account])
    try execute(
      sql: """
        INSERT INTO job (id, path, stem, digest, stamp, request, owner, is_current, state, reason, priority, account,
          model, parameters, clip_count, task_count, tasks_done, created, finished, due, is_announced, batch, line)
        VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)
        """,
      arguments: [
        job.id?.rawValue, job.file.path, job.file.stem, job.file.digest, job.file.stamp, Data(job.file.bytes),
        job.file.owner, isComplete ? JobState.publishing.rawValue : job.state.rawValue, job.reason, parameters.priority,
        parameters.account, parameters.model, String(decoding: try JSONEncoder().encode(parameters), as: UTF8.self),
        parameters.clips.count, taskCount, done.count, job.created.timeIntervalSince1970,
        job.finished?.timeIntervalSince1970, ageing.due(parameters, created: job.created).timeIntervalSince1970,
        batch?.rawValue, line,
      ])
    let id = JobID(lastInsertedRowID)
    for clip in parameters.clips {
      try execute(
        sql: "INSERT INTO clip (job, place, seed, prompt) VALUES (?, ?, ?, ?)",
        arguments: [id.rawValue, clip.index, clip.seed, clip.prompt])
      for step in steps {
        let missing = parameters.plan.predecessors(of: step).count {
          !done.contains(RestoredTask.Place(clip: clip.index, step: $0))
        }
        try restore(known[RestoredTask.Place(clip: clip.index, step: step)], step, clip.index, of: id, missing)
      }
    }
    try addEvent(id, "restored", job.state.rawValue, at: now)
    for (measure, amount) in job.spent.sorted(by: { $0.key < $1.key }) where amount > 0 {
      try enter(id, measure, amount, "settle", at: (job.finished ?? now).timeIntervalSince1970)
    }
  }

  private func restore(
    _ task: RestoredTask?, _ step: TaskPlan.Step, _ clip: Int, of job: JobID, _ missing: Int
  ) throws {
    let state: TaskState = task?.result != nil ? .done : missing == 0 ? .ready : .waiting
    try execute(
      sql: """
        INSERT INTO task (id, job, clip, stage, chunk, state, missing, attempts, result, seconds)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        task?.id.rawValue, job.rawValue, clip, step.stage.rawValue, step.chunk, state.rawValue, missing,
        task?.attempts ?? 0, task?.result, task?.seconds,
      ])
    for checkpoint in task?.checkpoints ?? [] {
      try execute(
        sql: "INSERT INTO checkpoint (task, attempt, step, path, sha256, byte_count) VALUES (?, ?, ?, ?, ?, ?)",
        arguments: [
          checkpoint.task.rawValue, checkpoint.attempt, checkpoint.step, checkpoint.path, checkpoint.sha256,
          checkpoint.byteCount,
        ])
    }
  }
}
