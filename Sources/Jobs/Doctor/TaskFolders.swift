import DurableFiles
import Foundation
import JobModel
import JobStore
import WorkerProtocol

/// What `state/tasks` tells of tasks, without the store.
struct TaskFolders {
  private let state: String
  /// By request path and digest, as the attempts name them.
  private(set) var origins: [Key: [TaskOrigin]] = [:]
  private(set) var tasks: [Key: [RestoredTask]] = [:]
  private(set) var highest = TaskID(0)
  /// Folders that tell of no task.
  private(set) var strays: [TaskID] = []

  struct Key: Hashable {
    let request: String
    let digest: String
  }

  init(state: String) throws {
    self.state = state
    guard DurableFile.exists("\(state)/tasks") else { return }
    for id in try Folder("\(state)/tasks").names().compactMap(Int64.init).sorted().map({ TaskID($0) }) {
      highest = max(highest, id)
      read(id)
    }
  }

  private mutating func read(_ id: TaskID) {
    let numbers = Self.attempts(of: id, state: state)
    let folders = numbers.map { AttemptFolder(state: state, task: "\(id)", attempt: $0) }
    guard let origin = folders.lazy.reversed().compactMap({ try? $0.readTask().origin }).first else {
      strays.append(id)
      return
    }
    let key = Key(request: origin.request, digest: origin.requestSHA256)
    let result = folders.lazy.compactMap { folder in (try? folder.readResult())?.flatMap { folder.whole($0) } }.last
    let step = TaskPlan.Step(origin.stage, chunk: origin.chunk)
    origins[key, default: []].append(origin)
    tasks[key, default: []].append(
      RestoredTask(
        id: id, place: RestoredTask.Place(clip: origin.clip, step: step), attempts: numbers.last ?? 0,
        result: result.flatMap { try? ProtocolCoding.line($0) }, seconds: result?.seconds,
        checkpoints: result == nil ? checkpoints(of: id, numbers, folders) : []))
  }

  private func checkpoints(of id: TaskID, _ numbers: [Int], _ folders: [AttemptFolder]) -> [CheckpointRecord] {
    zip(numbers, folders).compactMap { number, folder in
      guard let found = (try? folder.newestValidCheckpoint()) ?? nil else { return nil }
      let path = found.file.path
      return CheckpointRecord(
        task: id, attempt: number, step: found.step, path: String(path.dropFirst(state.count + 1)),
        sha256: found.file.sha256, byteCount: DurableFile.byteCount(of: path) ?? 0)
    }
  }

  /// The numbers of a task's attempts, ascending.
  static func attempts(of id: TaskID, state: String) -> [Int] {
    let names = (try? Folder(AttemptFolder.taskFolder(state: state, task: "\(id)")).names()) ?? []
    return names.compactMap { $0.hasPrefix("attempt-") ? Int($0.dropFirst("attempt-".count)) : nil }.sorted()
  }
}

extension AttemptFolder {
  /// The result, if it is a finished task's and every output has its digest.
  fileprivate func whole(_ result: AttemptResult) -> AttemptResult? {
    let isWhole =
      result.outcome == .done && result.outputs.allSatisfy { (try? sha256(ofFile: resolve($0.path))) == $0.sha256 }
    return isWhole ? result : nil
  }
}
