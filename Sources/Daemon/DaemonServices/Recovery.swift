import DurableFiles
import Foundation
import JobModel
import JobStore
import WorkerLauncher
import WorkerProtocol

/// Puts in order what a killed daemon left: its workers end, its leases return with what their attempts had saved.
package struct Recovery: Sendable {
  package let core: ServiceCore
  /// How long workers of the previous daemon may take to checkpoint and exit.
  package let patience: Duration

  package init(core: ServiceCore, patience: Duration = .seconds(2)) {
    self.core = core
    self.patience = patience
  }

  package func run(_ dispatcher: Dispatcher) async throws {
    try DurableFile.makeFolder(core.absolute("tasks"))
    let workers = PreviousWorkers(folder: core.configuration.paths.workers)
    try await workers.end(patience: patience, logger: core.logger)
    for task in try await core.store.leasedTasks() {
      guard let lease = task.lease else { continue }
      try await dispatcher.adopt(task, lease)
    }
    try await removeStrayTasks()
    try await removeStrayInputs()
    removeTemporaries()
    _ = try await core.store.releaseAll(reasonPrefix: Dispatcher.deviceReason)
  }

  /// Files that a killed daemon had not yet given their names. In the spool others write too: of theirs, only what
  /// was ours or belongs to a process that is no more.
  private func removeTemporaries() {
    for folder in [core.state, core.configuration.paths.workers] { try? Folder(folder).removeTemporaries() }
    let spool = core.configuration.paths.spool
    let names = FileManager.default.enumerator(atPath: spool)?.compactMap { $0 as? String } ?? []
    for name in names.filter({ Folder.isTemporary($0.folderAndName.name) }) {
      let mark = name.folderAndName.name.split(separator: "-").dropFirst().first.map(String.init) ?? ""
      if mark == "job" || Int32(mark).map({ kill($0, 0) != 0 && errno == ESRCH }) == true {
        _ = try? DurableFile.remove("\(spool)/\(name)")
      }
    }
  }

  /// Attempts of tasks whose job is over: it failed and its request has changed since, or the daemon before was killed
  /// while it cleaned up.
  private func removeStrayTasks() async throws {
    let folder = core.absolute("tasks")
    guard DurableFile.exists(folder) else { return }
    for name in try Folder(folder).names() {
      var job: JobRecord?
      if let id = Int64(name), let task = try await core.store.task(TaskID(id)) {
        job = try await core.store.job(task.job)
      }
      if job?.isOver ?? true { try DurableFile.remove("\(folder)/\(name)") }
    }
  }

  /// Copies whose job was never stored, or is over.
  private func removeStrayInputs() async throws {
    let folder = core.absolute(ServiceCore.inputs)
    guard DurableFile.exists(folder) else { return }
    let used = try await core.store.inputCopies()
    for name in try Folder(folder).names() where !used.contains("\(ServiceCore.inputs)/\(name)") {
      try DurableFile.remove("\(folder)/\(name)")
    }
  }
}

extension Dispatcher {
  /// Takes over an attempt of the previous daemon: its result where it has one, else its newest checkpoint.
  func adopt(_ task: TaskRecord, _ lease: Lease) async throws {
    let folder = core.folder(lease)
    var running = RunningTask(task, lease)
    // The daemon before may have been killed while it did so.
    running.durable = Task { try await Self.sync(folder) }
    if let result = try? folder.readResult() {
      return try await settle(running, result, folder, device: task.worker ?? "")
    }
    let checkpoint = try? await offPool { try folder.newestValidCheckpoint() }
    if let checkpoint {
      do {
        try await running.reachDisk()
      } catch {
        return try await attemptFailed(
          running, kind: .resource, message: "\(error)", killedWorker: false, use: .untilHeard)
      }
      try await record(checkpoint, of: folder, lease)
    }
    try await core.store.yield(lease, use: .untilHeard)
    core.logger.info(
      "lease of the previous daemon returned",
      metadata: ["job": "\(task.job)", "stage": "\(task.stage.rawValue)", "step": "\(checkpoint?.step ?? 0)"])
  }
}
