import Foundation
import JobModel
import JobStore
import Scheduling
import WorkerLauncher
import WorkerProtocol

extension Dispatcher {
  /// Gives idle devices what the scheduler chooses for them.
  func assign() async throws {
    guard !isStopping, !isDrained else { return core.signals.drain.raise() }
    isDiskFull = core.disk.isShort
    if isDiskFull { return try await holdForRoom() }
    try await releaseForRoom()
    try await releaseModels()
    for group in Scheduler().plan(try await candidates(), on: slots.map(\.schedulable)) {
      guard let index = slots.firstIndex(where: { $0.device.name == group.device }) else { continue }
      if let worker = slots[index].worker {
        // One that is still starting says when it is ready.
        if slots[index].state == .idle { for task in group.tasks { try await give(task, to: index, worker) } }
      } else {
        start(index)
      }
    }
    if let rest = slots.compactMap(\.rest).min() { wake(after: rest) }
    if let retry = try await core.store.nextRetry() {
      wake(after: .milliseconds(max(10, Int64(retry.timeIntervalSinceNow * 1000) + 1)))
    }
    core.signals.drain.raise()
  }

  /// The first tasks that may begin. Jobs that cannot go on, their model being broken or too large for every device
  /// that there is now, are held with the reason and make place for others.
  private func candidates() async throws -> [Candidate] {
    let largest = slots.map(\.device.memory.bytes).max() ?? 0
    while true {
      let ready = try await core.store.readyTasks(limit: 32 + slots.count)
      var held: Set<JobID> = []
      var candidates: [Candidate] = []
      for task in ready where !held.contains(task.task.job) {
        let stage = task.task.stage
        switch core.models.entry(task.model, variant: task.variant) {
        case .usable(let model) where model.memoryByteCount(of: stage) <= largest:
          candidates.append(Candidate(task, memoryByteCount: model.memoryByteCount(of: stage)))
        case .usable(let model):
          let need = "\(stage.rawValue) needs \(model.memoryByteCount(of: stage) >> 20) MiB"
          try await hold(
            task.task.job, Self.deviceReason + "\(need), the largest device has \(largest >> 20) MiB", &held)
        case .broken(let problem): try await hold(task.task.job, Self.modelReason + problem, &held)
        case nil: try await hold(task.task.job, Self.modelReason + "\"\(task.model)\" is not configured", &held)
        }
      }
      if held.isEmpty { return candidates }
    }
  }

  private static let modelReason = "model: "
  /// Jobs held for this are released when the service starts, perhaps with other devices.
  static let deviceReason = "device: "

  private func hold(_ job: JobID, _ reason: String, _ held: inout Set<JobID>) async throws {
    post.yield(.giveWay(try await core.store.hold(job, reason: reason)))
    held.insert(job)
    mayHoldForModels = true
    core.logger.error("job held", metadata: ["job": "\(job)", "reason": "\(reason)"])
  }

  /// Lets jobs go on that were held for a model that is usable again.
  private func releaseModels() async throws {
    guard mayHoldForModels else { return }
    mayHoldForModels = false
    for job in try await core.store.jobs(JobFilter(states: [.held]), limit: 1000) {
      guard job.reason?.hasPrefix(Self.modelReason) == true, let model = job.model else { continue }
      guard case .usable = core.models.entry(model, variant: job.parameters?.variant) else {
        mayHoldForModels = true
        continue
      }
      try await core.store.release(job.id)
      core.logger.info("job released", metadata: ["job": "\(job.id)", "model": "\(model)"])
    }
  }

  private func start(_ index: Int) {
    let device = slots[index].device
    let command =
      core.configuration.worker + ["serve", "--device", device.name, "--threads", "\(device.threadCount)"]
    let previous = PreviousWorkers(folder: core.configuration.paths.workers)
    do {
      let worker = try LocalWorker(command: command, identityFile: previous.identityFile(device: device.name))
      slots[index].worker = worker
      slots[index].state = .starting
      core.counters.count(.workersStarted, device.name)
      core.logger.info("worker started", metadata: ["device": "\(device.name)", "pid": "\(worker.process.pid)"])
      // Ends with the worker; the loop waits for that before it ends itself.
      Task { [post] in
        for await report in worker.reports { post.yield(.report(device: index, report)) }
      }
    } catch {
      core.logger.error("worker did not start", metadata: ["device": "\(device.name)", "error": "\(error)"])
      pause(index)
    }
  }

  /// Lets a device rest after a death; longer after each one in a row.
  func pause(_ index: Int) {
    slots[index].deaths += 1
    slots[index].state = .failed
    let pause = core.configuration.retry.pause(failures: slots[index].deaths)
    slots[index].pausedUntil = .now + pause
    wake(after: pause)
    core.signals.drain.raise()
  }

  private func give(_ candidate: Candidate, to index: Int, _ worker: LocalWorker) async throws {
    let lease = try await core.store.lease(candidate.task, worker: slots[index].device.name)
    guard let task = try await core.store.task(candidate.task) else { return }
    let folder = core.folder(lease)
    do {
      var specification = try await composer.compose(task, attempt: lease.attempt)
      specification.kernels = specification.kernels ?? slots[index].description?.kernels
      try folder.write(specification)
    } catch {
      return try await giveUp(task, lease, error)
    }
    slots[index].running[folder] = RunningTask(task, lease)
    slots[index].state = .running
    slots[index].loadedModel = candidate.model
    worker.send(.run([folder]))
    core.signals.status.raise()
    core.logger.info("task started", metadata: metadata(slots[index].device, task, lease))
  }

  /// A task that cannot even be written down for a worker.
  private func giveUp(_ task: TaskRecord, _ lease: Lease, _ error: any Error) async throws {
    guard let composition = error as? CompositionError else {
      try await core.store.yield(lease)
      throw error
    }
    core.logger.error("task cannot be composed", metadata: ["job": "\(task.job)", "error": "\(composition)"])
    if let lost = composition.redo {
      try await core.store.yield(lease)
      try await core.store.redo(lost, message: composition.message)
      post.yield(.wake)
    } else {
      try await fail(lease, message: composition.message, killedWorker: false, retryAt: nil)
    }
  }
}

extension ReadyTask {
  /// What a worker loads for it: the model, or one of its sizes.
  fileprivate var folderName: String { variant.map { "\(model)/\($0)" } ?? model }
}

extension Candidate {
  fileprivate init(_ ready: ReadyTask, memoryByteCount: Int) {
    self.init(
      task: ready.task.id, job: ready.task.job, model: ready.folderName, stage: ready.task.stage,
      priority: ready.priority, account: ready.account, waited: Date.now.timeIntervalSince(ready.created),
      memoryByteCount: memoryByteCount, kills: ready.task.kills)
  }
}
