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
    for job in try await core.store.jobs(JobFilter(states: [.held]), limit: 1000)
    where job.reason?.hasPrefix(Dispatcher.deviceReason) == true {
      try await core.store.release(job.id)
    }
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

  /// Attempts of tasks whose job has ended for good: the daemon before was killed while it cleaned up.
  private func removeStrayTasks() async throws {
    let folder = core.absolute("tasks")
    guard DurableFile.exists(folder) else { return }
    for name in try Folder(folder).names() {
      var state: JobState?
      if let id = Int64(name), let job = try await core.store.task(TaskID(id))?.job {
        state = try await core.store.job(job)?.state
      }
      if state == nil || state == .done || state == .cancelled { try DurableFile.remove("\(folder)/\(name)") }
    }
  }

  /// Copies whose job was never stored, or has ended for good.
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
    let running = RunningTask(task, lease)
    // The daemon before may have been killed while it did so.
    try? folder.sync()
    if let result = try? folder.readResult() {
      return try await settle(running, result, folder, device: task.worker ?? "")
    }
    let checkpoint = try? folder.newestValidCheckpoint()
    if let checkpoint { try await record(checkpoint, of: folder, lease) }
    try await core.store.yield(lease, use: .untilHeard)
    core.logger.info(
      "lease of the previous daemon returned",
      metadata: ["job": "\(task.job)", "stage": "\(task.stage.rawValue)", "step": "\(checkpoint?.step ?? 0)"])
  }
}
