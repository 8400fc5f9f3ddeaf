import Foundation
import GRDB
import JobModel

extension Row {
  /// A column that holds one of an enumeration's names.
  func word<Word: RawRepresentable<String>>(_ column: String) throws -> Word {
    let text: String = self[column]
    guard let word = Word(rawValue: text) else {
      throw StoreError(.damaged, "read job store: \(column) is \"\(text)\"; was it written by a newer version?")
    }
    return word
  }

  func date(_ column: String) -> Date? { (self[column] as Double?).map { Date(timeIntervalSince1970: $0) } }
}

extension JobRecord {
  static let columns = """
    id, path, digest, state, reason, priority, account, model, owner, clip_count, task_count, tasks_done, created,
    started, finished, parameters, is_batch, batch, line, is_current
    """

  static func columns(withParameters: Bool) -> String {
    withParameters ? columns : columns.replacing(" parameters,", with: " NULL AS parameters,")
  }

  init(_ row: Row) throws {
    self.init(
      id: JobID(row["id"]), path: row["path"], digest: row["digest"], state: try row.word("state"),
      reason: row["reason"], priority: row["priority"], account: row["account"], model: row["model"],
      owner: row["owner"], clipCount: row["clip_count"], taskCount: row["task_count"], tasksDone: row["tasks_done"],
      created: Date(timeIntervalSince1970: row["created"]), started: row.date("started"),
      finished: row.date("finished"),
      parametersText: row["parameters"],
      isBatch: row["is_batch"], batch: (row["batch"] as Int64?).map { JobID($0) },
      line: row["is_batch"] ? nil : row["line"], isCurrent: row["is_current"])
  }
}

extension TaskRecord {
  init(_ row: Row) throws {
    self.init(
      id: TaskID(row["id"]), job: JobID(row["job"]), clip: row["clip"], stage: try row.word("stage"),
      chunk: row["chunk"], state: try row.word("state"), attempts: row["attempts"], failures: row["failures"],
      kills: row["kills"], worker: row["worker"], result: row["result"], seconds: row["seconds"],
      message: row["message"])
  }
}

extension KnownRequest {
  /// The stamp of a batch whose lines are not all in is none that a file has: it is read again.
  static let selection = "SELECT id, path, digest, state, iif(is_open, 'open ' || stamp, stamp) AS stamp FROM job"

  init(_ row: Row) throws {
    self.init(job: JobID(row["id"]), digest: row["digest"], state: try row.word("state"), stamp: row["stamp"])
  }
}

extension CheckpointRecord {
  init(_ row: Row) {
    self.init(
      task: TaskID(row["task"]), attempt: row["attempt"], step: row["step"], path: row["path"],
      sha256: row["sha256"], byteCount: row["byte_count"])
  }
}

extension EventRecord {
  init(_ row: Row) {
    self.init(
      id: row["id"], job: JobID(row["job"]), date: Date(timeIntervalSince1970: row["at"]), kind: row["kind"],
      detail: row["detail"])
  }
}
