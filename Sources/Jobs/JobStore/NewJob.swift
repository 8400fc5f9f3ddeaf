import Foundation
import GRDB
import JobModel

/// A job that is to go into the store: all that can be prepared without it.
struct NewJob: Sendable {
  let file: RequestFile
  /// Nil for a batch and for a refused request, which have neither clips nor tasks.
  let parameters: ResolvedRequest?
  let account: String
  let due: Date
  fileprivate let parametersText: String

  init(_ file: RequestFile, _ parameters: ResolvedRequest, due: Date) throws {
    self.file = file
    self.parameters = parameters
    account = parameters.account
    self.due = due
    parametersText = String(decoding: try JSONEncoder().encode(parameters), as: UTF8.self)
  }

  init(unread file: RequestFile, account: String, due: Date) {
    self.file = file
    parameters = nil
    self.account = account
    self.due = due
    parametersText = "null"
  }
}

extension Database {
  /// Makes accounts that have had no job yet.
  func addAccounts(_ names: Set<String>) throws {
    let statement = try cachedStatement(sql: "INSERT INTO account (name) VALUES (?) ON CONFLICT DO NOTHING")
    for name in names.sorted() { try statement.execute(arguments: [name]) }
  }

  /// Makes the job with its clips and tasks; its account is there.
  ///
  /// - Parameters:
  ///   - batch: the batch whose line it is; nil for every other job.
  ///   - isAnnounced: whether there is nobody to tell of its end.
  func insert(
    _ new: NewJob, state: JobState, reason: String? = nil, batch: JobID? = nil, line: Int? = nil,
    isAnnounced: Bool = false, at now: Date
  ) throws -> JobID {
    let (file, parameters) = (new.file, new.parameters)
    let (steps, clipCount) = (parameters?.plan.steps ?? [], parameters?.clips.count ?? 0)
    let statement = try cachedStatement(
      sql: """
        INSERT INTO job (path, stem, digest, stamp, request, owner, is_current, state, reason, priority, account, model,
          parameters, clip_count, task_count, created, finished, due, batch, line, is_announced)
        VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    try statement.execute(
      arguments: [
        file.path, file.stem, file.digest, file.stamp, Data(file.bytes), file.owner, state.rawValue, reason,
        parameters?.priority ?? 0, new.account, parameters?.model, new.parametersText, clipCount,
        clipCount * steps.count, now.timeIntervalSince1970,
        state.isFinal ? now.timeIntervalSince1970 : nil, new.due.timeIntervalSince1970, batch?.rawValue, line,
        isAnnounced,
      ])
    let job = JobID(lastInsertedRowID)
    if let parameters { try insertClips(of: job, parameters, steps) }
    return job
  }

  private func insertClips(of job: JobID, _ parameters: ResolvedRequest, _ steps: [TaskPlan.Step]) throws {
    let clipStatement = try cachedStatement(sql: "INSERT INTO clip (job, place, seed, prompt) VALUES (?, ?, ?, ?)")
    let taskStatement = try cachedStatement(sql: Self.taskInsertion(parameters.plan, steps))
    for clip in parameters.clips {
      try clipStatement.execute(arguments: [job.rawValue, clip.index, clip.seed, clip.prompt])
      try taskStatement.execute(arguments: [job.rawValue, clip.index])
    }
  }

  /// One statement for all tasks of a clip, given job and clip: there are few plans and many clips.
  private static func taskInsertion(_ plan: TaskPlan, _ steps: [TaskPlan.Step]) -> String {
    let rows = steps.map { step in
      let missing = plan.predecessors(of: step).count
      let state: TaskState = missing == 0 ? .ready : .waiting
      return "('\(step.stage.rawValue)', \(step.chunk), '\(state.rawValue)', \(missing))"
    }
    return """
      INSERT INTO task (job, clip, stage, chunk, state, missing)
      SELECT ?1, ?2, column1, column2, column3, column4 FROM (VALUES \(rows.joined(separator: ", ")))
      """
  }
}
