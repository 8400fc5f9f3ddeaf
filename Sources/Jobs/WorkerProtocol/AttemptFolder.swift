import DurableFiles
import Foundation
import JobModel

/// The boundary between the daemon and a worker: `state/tasks/TASK/attempt-N/`.
///
/// | file | who | when |
/// | --- | --- | --- |
/// | `task.json` | daemon | before the worker hears of the folder |
/// | `events.jsonl` | worker | append only |
/// | `checkpoint-STEP.safetensors`, outputs | worker | whole, by rename |
/// | `result.json` | worker | last |
package struct AttemptFolder: Hashable, Sendable {
  package let path: String

  package init(_ path: String) { self.path = path }

  /// The folder of an attempt at a task below the daemon's `state` folder.
  package init(state: String, task: String, attempt: Int) {
    path = "\(Self.taskFolder(state: state, task: task))/attempt-\(attempt)"
  }

  package static func taskFolder(state: String, task: String) -> String { "\(state)/tasks/\(task)" }

  package var taskFile: String { "\(path)/task.json" }
  package var eventsFile: String { "\(path)/events.jsonl" }
  package var resultFile: String { "\(path)/result.json" }

  /// The name of a checkpoint after `step` steps, relative to the folder.
  package static func checkpointName(step: Int) -> String {
    "checkpoint-\(step.sixDigits).safetensors"
  }

  /// An absolute path for one that stands in the folder's files.
  package func resolve(_ relative: String) -> String { relative.hasPrefix("/") ? relative : "\(path)/\(relative)" }

  /// Writes `task.json`, making the folder, without waiting for the disk: see `sync`.
  package func write(_ task: TaskSpecification) throws {
    try DurableFile.makeFolder(path, isDurable: false)
    try DurableFile.replace(taskFile, with: ProtocolCoding.encode(task), durability: .none)
  }

  /// Brings the task, and the names by which the folder is found, to the disk: before anything in it may be relied on.
  ///
  /// - Precondition: the folder of all tasks is there durably.
  package func sync() throws {
    let task = path.folderAndName.folder
    let folder = try Folder(path)
    try folder.open(taskFile.folderAndName.name).sync(path: taskFile)
    for parent in [folder, try Folder(task), try Folder(task.folderAndName.folder)] { try parent.sync() }
  }

  /// - Throws: `FileSystemError`, or `ProtocolError` where it is not what it should be.
  package func readTask() throws -> TaskSpecification {
    try ProtocolCoding.decode(TaskSpecification.self, try DurableFile.read(taskFile), path: taskFile)
  }

  /// Writes the result, when the content of the outputs is on the disk: first their names get there, then the result's
  /// content. Its name follows by itself; without it the attempt was cut short.
  package func write(_ result: AttemptResult) throws {
    let folder = try Folder(path)
    try folder.replace(resultFile.folderAndName.name, durability: .none) { file in
      try file.write(ProtocolCoding.sealed(result), path: resultFile)
      try file.sync(path: resultFile)
      try folder.sync()
    }
  }

  /// Nil while the attempt has not ended, or was cut short.
  package func readResult() throws -> AttemptResult? {
    guard DurableFile.exists(resultFile) else { return nil }
    return try ProtocolCoding.unsealed(AttemptResult.self, try DurableFile.read(resultFile), path: resultFile)
  }

  /// The events so far; a line that is cut off or damaged is left out.
  package func readEvents() throws -> [AttemptEvent] {
    guard DurableFile.exists(eventsFile) else { return [] }
    return try AppendLog.lines(of: eventsFile).lines.compactMap { try? event($0) }
  }

  /// - Throws: at the first event that is damaged.
  package func checkEvents() throws {
    for line in try AppendLog.lines(of: eventsFile).lines { _ = try event(line) }
  }

  private func event(_ line: String) throws -> AttemptEvent {
    try ProtocolCoding.decode(AttemptEvent.self, Array(line.utf8), path: eventsFile)
  }

  /// The newest checkpoint of this attempt whose file has its digest, with the path made absolute; nil: none.
  package func newestValidCheckpoint() throws -> CheckpointReference? {
    for case .checkpoint(var checkpoint) in try readEvents().reversed()
    where checkpoint.file.path == Self.checkpointName(step: checkpoint.step) {
      checkpoint.file.path = resolve(checkpoint.file.path)
      if (try? sha256(ofFile: checkpoint.file.path)) == checkpoint.file.sha256 { return checkpoint }
    }
    return nil
  }
}
