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
    let workers = PreviousWorkers(folder: core.configuration.paths.workers)
    try await workers.end(patience: patience, logger: core.logger)
    for task in try await core.store.leasedTasks() {
      guard let lease = task.lease else { continue }
      try await dispatcher.adopt(task, lease)
    }
    try await removeStrayInputs()
    for job in try await core.store.jobs(JobFilter(states: [.held]), limit: 1000)
    where job.reason?.hasPrefix(Dispatcher.deviceReason) == true {
      try await core.store.release(job.id)
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
