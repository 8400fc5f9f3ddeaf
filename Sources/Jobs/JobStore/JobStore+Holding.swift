import Foundation
import GRDB
import JobModel

/// A model, or one of its sizes, as jobs have chosen it.
package struct ModelChoice: Hashable, Sendable {
  package let model: String
  /// Its folder inside the model's; nil for the model itself.
  package let variant: String?

  package init(model: String, variant: String?) {
    self.model = model
    self.variant = variant
  }

  /// SQL for the jobs that have chosen it, and its arguments.
  fileprivate static let condition = "job.model = ? AND json_extract(job.parameters, '$.variant') IS ?"
  fileprivate var arguments: StatementArguments { [model, variant] }
}

/// Holding and releasing many jobs, each in one transaction, however many they are.
extension JobStore {
  /// Holds every job of an account that waits or runs.
  ///
  /// - Returns: their leases, which still hold; their workers are told to give way.
  package func holdAll(of account: String, reason: String) async throws -> [Lease] {
    try await holdAll(where: "job.account = ?", [account], reason: reason)
  }

  /// Holds every job of a model that waits or runs.
  ///
  /// - Parameter stage: only those that have a task of this stage to begin; nil: all.
  /// - Returns: their leases, which still hold; their workers are told to give way.
  package func holdAll(of model: ModelChoice, at stage: TaskStage?, reason: String) async throws -> [Lease] {
    guard let stage else { return try await holdAll(where: ModelChoice.condition, model.arguments, reason: reason) }
    let condition = """
      \(ModelChoice.condition) AND EXISTS (
        SELECT 1 FROM task AS waiting
        WHERE waiting.job = job.id AND waiting.state = 'ready' AND waiting.missing = 0 AND waiting.stage = ?)
      """
    return try await holdAll(where: condition, model.arguments + [stage.rawValue], reason: reason)
  }

  private func holdAll(
    where condition: String, _ arguments: StatementArguments, reason: String
  ) async throws -> [Lease] {
    let now = now()
    return try await write { database in
      let selection = "WHERE job.is_batch = 0 AND job.state IN ('queued', 'running') AND \(condition)"
      let leases = try Row.fetchAll(
        database,
        sql: """
          SELECT task.id, task.lease FROM task JOIN job ON job.id = task.job AND task.state = 'leased' \(selection)
          ORDER BY task.id
          """, arguments: arguments
      ).map { Lease(task: TaskID($0["id"]), attempt: $0["lease"]) }
      try database.execute(
        sql: "INSERT INTO event (job, at, kind, detail) SELECT id, ?, 'held', ? FROM job \(selection)",
        arguments: [now.timeIntervalSince1970, reason] + arguments)
      try database.execute(
        sql: "UPDATE job SET state = 'held', reason = ? \(selection)", arguments: [reason] + arguments)
      return leases
    }
  }

  /// The models of jobs that are held for a reason that begins so.
  package func heldModels(reasonPrefix prefix: String) async throws -> Set<ModelChoice> {
    try await read { database in
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT DISTINCT model, json_extract(parameters, '$.variant') AS variant FROM job
          WHERE state = 'held' AND substr(reason, 1, ?) = ? AND model IS NOT NULL
          """, arguments: [prefix.count, prefix])
      return Set(rows.map { ModelChoice(model: $0["model"], variant: $0["variant"]) })
    }
  }

  /// The jobs of request files that are held for one of these reasons; without their parameters.
  package func heldRequests(for reasons: [String]) async throws -> [JobRecord] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT \(JobRecord.columns(withParameters: false)) FROM job
          WHERE state = 'held' AND is_current = 1 AND batch IS NULL
            AND reason IN (\(databaseQuestionMarks(count: reasons.count)))
          """, arguments: StatementArguments(reasons)
      ).map { try JobRecord($0) }
    }
  }

  /// Lets all jobs go on that are held for a reason that begins so.
  ///
  /// - Parameter model: only those of this one; nil: all.
  /// - Returns: how many.
  package func releaseAll(reasonPrefix prefix: String, of model: ModelChoice? = nil) async throws -> Int {
    let now = now()
    var selection = "WHERE job.state = 'held' AND substr(job.reason, 1, ?) = ?"
    var arguments: StatementArguments = [prefix.count, prefix]
    if let model {
      selection += " AND \(ModelChoice.condition)"
      arguments += model.arguments
    }
    return try await write { [selection, arguments] database in
      try database.execute(
        sql: """
          INSERT INTO event (job, at, kind, detail) SELECT id, ?, \(Database.stateToGoOn), '' FROM job \(selection)
          """, arguments: [now.timeIntervalSince1970] + arguments)
      try database.execute(
        sql: "UPDATE job SET state = \(Database.stateToGoOn), reason = NULL \(selection)", arguments: arguments)
      return database.changesCount
    }
  }
}
