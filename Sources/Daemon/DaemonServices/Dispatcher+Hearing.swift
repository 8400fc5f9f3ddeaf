import DurableFiles
import Foundation
import JobModel
import JobStore
import Logging
import Scheduling
import WorkerLauncher
import WorkerProtocol

extension Dispatcher {
  func hear(_ report: WorkerReport, from index: Int) async throws {
    slots[index].heard = .now
    switch report {
    case .message(.ready(let description)): ready(description, index)
    case .message(.event(let folder, let event)): try await note(event, of: folder, index)
    case .message(.finished(let folder, _)): try await end(folder, index)
    case .malformed(let line):
      core.logger.warning("worker said what is not in the protocol", metadata: ["line": "\(line.prefix(200))"])
    case .ended(let end): try await bury(end, index)
    }
    core.signals.status.raise()
  }

  private func ready(_ description: WorkerDescription, _ index: Int) {
    slots[index].description = description
    slots[index].failedStarts = 0
    slots[index].state = .idle
    if let pinned = core.configuration.kernels, pinned != description.kernels {
      core.logger.error(
        "worker has other kernels than the configuration pins",
        metadata: ["kernels": "\(description.kernels)", "pinned": "\(pinned)"])
    }
    if isStopping { slots[index].worker?.quit() }
    post.yield(.wake)
  }

  private func note(_ event: AttemptEvent, of folder: AttemptFolder, _ index: Int) async throws {
    guard let running = slots[index].running[folder] else { return }
    switch event {
    case .step(let step, let of, _):
      slots[index].running[folder]?.progress.step = step
      slots[index].running[folder]?.progress.of = of
      try await enforceBudget(index)
    case .checkpoint(let checkpoint):
      try await unlessFenced {
        try await running.reachDisk()
        try await record(checkpoint, of: folder, running.lease)
      }
    case .loading: break
    }
  }

  /// Remembers a durable checkpoint; files of those it replaces go.
  func record(_ checkpoint: CheckpointReference, of folder: AttemptFolder, _ lease: Lease) async throws {
    let path = folder.resolve(checkpoint.file.path)
    let old = try await core.store.recordCheckpoint(
      lease, step: checkpoint.step, path: core.stored(path), sha256: checkpoint.file.sha256,
      byteCount: DurableFile.byteCount(of: path) ?? 0)
    for checkpoint in old { unlink(core.absolute(checkpoint.path)) }
  }

  /// An attempt has its `result.json`.
  private func end(_ folder: AttemptFolder, _ index: Int) async throws {
    guard let running = slots[index].running.removeValue(forKey: folder) else { return }
    if slots[index].running.isEmpty, slots[index].state == .running {
      slots[index].state = .idle
      slots[index].isYielding = false
      slots[index].freed = .now
    }
    defer { post.yield(.wake) }
    do {
      if let result = try? folder.readResult() {
        try await settle(running, result, folder, device: slots[index].device.name)
        if result.outcome != .failed { slots[index].deaths = 0 }
      } else {
        try await unlessFenced(atEndOf: running.task) {
          try await attemptFailed(
            running, kind: .internal, message: "the worker says that it has finished, but there is no good result.json",
            killedWorker: false)
        }
      }
    } catch {
      adoptLater(running.lease)
      throw error
    }
  }

  /// Takes over from its folder what a lease has come to, or tries again in a while.
  func adoptOrWait(_ lease: Lease) async throws {
    do {
      if let task = try await core.store.task(lease.task) {
        if task.lease == lease {
          try await unlessFenced(atEndOf: task) { try await adopt(task, lease) }
        } else {
          try await removeIfOver(task)
        }
      }
      post.yield(.wake)
    } catch {
      adoptLater(lease)
      throw error
    }
  }

  /// The store or the disk has refused what became of an attempt; its folder has it still.
  func adoptLater(_ lease: Lease) {
    Task { [post] in
      try? await Task.sleep(for: .seconds(1))
      post.yield(.adopt(lease))
    }
  }

  /// Records how an attempt ended.
  func settle(_ running: RunningTask, _ result: AttemptResult, _ folder: AttemptFolder, device: String) async throws {
    // An attempt that ended while no daemon was there cost what its worker says, not the time until now.
    let use: LeaseUse = running.measure == nil ? .lasted(result.seconds) : .untilNow
    try await unlessFenced(atEndOf: running.task) {
      do {
        try await running.reachDisk()
      } catch {
        return try await attemptFailed(running, kind: .resource, message: "\(error)", killedWorker: false, use: use)
      }
      try await measure(running, result)
      switch result.outcome {
      case .done:
        let finished = try await core.store.finish(
          running.lease, result: ProtocolCoding.line(result), seconds: result.seconds, use: use)
        if finished.isLast { core.signals.publishing.raise() }
      case .yielded:
        if let checkpoint = result.checkpoint { try await record(checkpoint, of: folder, running.lease) }
        try await core.store.yield(running.lease, use: use)
      case .cancelled: try await core.store.yield(running.lease, use: use)
      case .failed:
        let failure = result.failure ?? AttemptFailure(kind: .internal, message: "the worker gave no reason")
        try await attemptFailed(running, kind: failure.kind, message: failure.message, killedWorker: false, use: use)
      }
    }
    var values: Logger.Metadata = [
      "job": "\(running.task.job)", "stage": "\(running.task.stage)", "device": "\(device)",
    ]
    values["outcome"] = "\(result.outcome)"
    core.counters.count(.tasksEnded, "\(result.outcome)")
    values["seconds"] = .string(String(format: "%.2f", result.seconds))
    core.logger.info("task ended", metadata: values)
  }

  /// The worker is gone: what it had not finished is tried again from the newest checkpoint in its folder.
  private func bury(_ end: WorkerEnd, _ index: Int) async throws {
    let running = slots[index].running
    let name = slots[index].device.name
    let wasAsked = isStopping
    if !wasAsked, slots[index].description == nil { slots[index].failedStarts += 1 }
    slots[index].worker = nil
    slots[index].running = [:]
    slots[index].description = nil
    slots[index].loadedModel = nil
    slots[index].state = .stopped
    slots[index].isYielding = false
    let verdict = slots[index].verdict
    slots[index].verdict = nil
    unlink(PreviousWorkers(folder: core.configuration.paths.workers).identityFile(device: name))
    core.logger.log(
      level: wasAsked ? .info : .error, "worker ended", metadata: ["device": "\(name)", "end": "\(end)"])
    for (folder, task) in running {
      do {
        let reason = "\(verdict ?? "the worker \(end)") at \(task.task.stage.rawValue)"
        try await recover(task, folder, device: name, killedBy: wasAsked ? nil : reason)
      } catch {
        core.logger.error("dispatcher refused", metadata: ["error": "\(error)"])
        adoptLater(task.lease)
      }
    }
    if !wasAsked {
      core.counters.count(.workersDied, name)
      pause(index)
    }
    post.yield(.wake)
  }

  /// What a worker that is gone had: its result, else its newest checkpoint.
  ///
  /// - Parameter killedBy: what it died of; nil where it was asked to go.
  private func recover(
    _ task: RunningTask, _ folder: AttemptFolder, device: String, killedBy: String?
  ) async throws {
    if let result = try? folder.readResult() { return try await settle(task, result, folder, device: device) }
    try await unlessFenced(atEndOf: task.task) {
      let checkpoint = try await offPool { try folder.newestValidCheckpoint() }
      if let checkpoint { try await record(checkpoint, of: folder, task.lease) }
      guard let killedBy else { return try await core.store.yield(task.lease) }
      try await attemptFailed(task, kind: .internal, message: killedBy, killedWorker: true)
    }
  }

  /// Decides whether a failed attempt is followed by another.
  func attemptFailed(
    _ running: RunningTask, kind: AttemptFailure.Kind, message: String, killedWorker: Bool, use: LeaseUse = .untilNow
  ) async throws {
    if kind == .model, let model = try await core.store.job(running.task.job)?.model {
      core.models.distrust(model, problem: message)
      core.logger.error("model cannot be used", metadata: ["model": "\(model)", "problem": "\(message)"])
      return try await core.store.yield(running.lease, use: use)
    }
    if kind != .request, core.disk.isShort {
      core.logger.warning(
        "attempt ended by a full disk", metadata: ["job": "\(running.task.job)", "message": "\(message)"])
      return try await core.disk.withRoom { try await core.store.yield(running.lease, use: use) }
    }
    let decision = core.configuration.retry.decide(
      kind, failures: running.task.failures, isShared: killedWorker && running.isShared)
    let retryAt: Date? =
      switch decision {
      case .retry(let pause): Date.now + pause.seconds
      case .giveUp: nil
      }
    core.logger.warning(
      "attempt failed",
      metadata: [
        "job": "\(running.task.job)", "attempt": "\(running.lease.attempt)", "message": "\(message)",
        "retry": "\(retryAt != nil)",
      ])
    try await fail(running.lease, message: message, killedWorker: killedWorker, retryAt: retryAt, use: use)
  }

  func fail(_ lease: Lease, message: String, killedWorker: Bool, retryAt: Date?, use: LeaseUse) async throws {
    let failed = try await core.store.fail(
      lease, message: message, killedWorker: killedWorker, retryAt: retryAt, use: use)
    post.yield(.revoked(failed.revoked))
    if failed.hasFailedJob { core.signals.publishing.raise() }
    core.signals.drain.raise()
  }

  /// A lease that was taken away (the job was cancelled) makes what its worker did worthless, and nothing else.
  ///
  /// - Returns: whether the lease held.
  @discardableResult
  private func unlessFenced(_ body: () async throws -> Void) async throws -> Bool {
    do {
      try await body()
      return true
    } catch let error as StoreError where error.code == .fenced {
      core.logger.info("late result dropped", metadata: ["error": "\(error)"])
      return false
    }
  }

  /// The same at the end of an attempt.
  private func unlessFenced(atEndOf task: TaskRecord, _ body: () async throws -> Void) async throws {
    if try await !unlessFenced(body) { try await removeIfOver(task) }
  }

  /// Removes the attempts at a task of a job that is over: those that were in use when the job's others were removed.
  private func removeIfOver(_ task: TaskRecord) async throws {
    guard !runningTasks.contains(task.id), let job = try await core.store.job(task.job), job.isOver else { return }
    let folder = AttemptFolder.taskFolder(state: core.state, task: "\(task.id)")
    _ = try await offPool { try DurableFile.remove(folder) }
  }

  func metadata(_ device: DaemonConfiguration.Device, _ task: TaskRecord, _ lease: Lease) -> Logger.Metadata {
    [
      "device": "\(device.name)", "job": "\(task.job)", "clip": "\(task.clip)", "stage": "\(task.stage.rawValue)",
      "attempt": "\(lease.attempt)",
    ]
  }
}
