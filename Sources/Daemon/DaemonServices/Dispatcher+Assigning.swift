import DurableFiles
import Foundation
import JobModel
import JobStore
import Scheduling
import WorkerLauncher
import WorkerProtocol

extension Dispatcher {
  /// Gives idle devices what the scheduler chooses for them, and tells those to give way that compute what can wait.
  func assign() async throws {
    guard !isStopping, !isDrained else { return core.signals.drain.raise() }
    isDiskFull = core.disk.isShort
    if isDiskFull { return try await holdForRoom() }
    try await releaseForRoom()
    try await releaseModels()
    try await releaseBudgets()
    try await readSpending()
    let candidates = try await affordable(try await candidates())
    let serving = Set(slots.flatMap { $0.running.values }.compactMap(\.measure?.account))
    shares.update(active: serving.union(candidates.map(\.account)), serving: serving, at: .now)
    var trial = shares
    let plan = Scheduler(ageing: core.configuration.ageing)
      .plan(candidates, on: slots.map(\.schedulable), shares: &trial, at: .now)
    for group in plan.groups {
      guard let index = slots.firstIndex(where: { $0.device.name == group.device }) else { continue }
      if let worker = slots[index].worker { try await give(group, to: index, worker) } else { start(index) }
    }
    for index in slots.indices where plan.preempted.contains(slots[index].device.name) {
      giveWay(index)
    }
    if let rest = slots.compactMap(\.rest).min() { wake(after: rest) }
    if let retry = try await core.store.nextRetry() {
      wake(after: .milliseconds(max(10, Int64(retry.timeIntervalSinceNow * 1000) + 1)))
    }
    core.signals.drain.raise()
  }

  /// Tells a device's worker to stop at the end of its unit; what it saves counts.
  func giveWay(_ index: Int) {
    slots[index].worker?.send(.yield)
    slots[index].isYielding = true
    core.logger.info("device gives way", metadata: ["device": "\(slots[index].device.name)"])
  }

  /// The first tasks that may begin. Jobs that cannot go on, their model being broken or too large for every device
  /// that there is now, are held with the reason, all that are alike at once, and make place for others.
  private func candidates() async throws -> [Candidate] {
    while true {
      let ready = try await core.store.readyTasks(limit: 32 + slots.reduce(0) { $0 + $1.device.seatCount })
      let throughput = try await core.store.throughput()
      var candidates: [Candidate] = []
      var blocked: (task: ReadyTask, obstacle: Obstacle)?
      for task in ready where blocked == nil {
        switch prospect(of: task) {
        case .fits(let model): candidates.append(candidate(task, model, throughput))
        case .blocked(let obstacle): blocked = (task, obstacle)
        }
      }
      guard let (task, obstacle) = blocked else { return candidates }
      try await hold(ModelChoice(model: task.model, variant: task.outline.variant), obstacle)
    }
  }

  /// Whether a task can begin on some device.
  private enum Prospect {
    case fits(ModelDescription)
    case blocked(Obstacle)
  }

  /// Why jobs of a model cannot go on.
  private enum Obstacle {
    case unusable(String)
    /// No device has the memory for this stage.
    case tooLarge(TaskStage, String)
  }

  private func prospect(of task: ReadyTask) -> Prospect {
    switch core.models.entry(task.model, variant: task.outline.variant) {
    case nil: return .blocked(.unusable("\"\(task.model)\" is not configured"))
    case .broken(let problem): return .blocked(.unusable(problem))
    case .usable(let model):
      let stage = task.task.stage
      let (need, largest) = (model.memoryByteCount(of: stage), slots.map(\.device.memory.bytes).max() ?? 0)
      if need <= largest { return .fits(model) }
      let problem = "\(stage.rawValue) needs \(need >> 20) MiB, the largest device has \(largest >> 20) MiB"
      return .blocked(.tooLarge(stage, problem))
    }
  }

  private static let modelReason = "model: "
  /// Jobs held for this are released when the service starts, perhaps with other devices.
  static let deviceReason = "device: "

  private func hold(_ model: ModelChoice, _ obstacle: Obstacle) async throws {
    let (stage, reason): (TaskStage?, String) =
      switch obstacle {
      case .unusable(let problem): (nil, Self.modelReason + problem)
      case .tooLarge(let stage, let problem): (stage, Self.deviceReason + problem)
      }
    if stage == nil { heldModels?.insert(model) }
    giveWay(Set(try await core.store.holdAll(of: model, at: stage, reason: reason)))
    core.signals.status.raise()
    core.logger.error("jobs held", metadata: ["model": "\(model.model)", "reason": "\(reason)"])
  }

  /// Lets jobs go on that were held for a model that is usable again.
  private func releaseModels() async throws {
    if heldModels == nil { heldModels = try await core.store.heldModels(reasonPrefix: Self.modelReason) }
    for model in heldModels ?? [] {
      guard case .usable = core.models.entry(model.model, variant: model.variant) else { continue }
      let count = try await core.store.releaseAll(reasonPrefix: Self.modelReason, of: model)
      heldModels?.remove(model)
      guard count > 0 else { continue }
      core.signals.publishing.raise()
      core.signals.status.raise()
      core.logger.info("jobs released", metadata: ["model": "\(model.model)", "jobs": "\(count)"])
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
      slots[index].heard = .now
      core.logger.info("worker started", metadata: ["device": "\(device.name)", "pid": "\(worker.process.pid)"])
      // Ends with the worker; the loop waits for that before it ends itself.
      Task { [post] in
        for await report in worker.reports { post.yield(.report(device: index, report)) }
      }
    } catch {
      core.logger.error("worker did not start", metadata: ["device": "\(device.name)", "error": "\(error)"])
      slots[index].failedStarts += 1
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

  private func candidate(
    _ ready: ReadyTask, _ model: ModelDescription, _ throughput: [ThroughputKey: Double]
  ) -> Candidate {
    let kind = ready.outline.kind(ready.step)
    let rate = slots.lazy.compactMap { slot in
      throughput[
        ThroughputKey(model: ready.folderName, stage: ready.task.stage, kind: kind, device: slot.device.name)]
    }.first
    return Candidate(
      task: ready.task.id, job: ready.task.job, model: ready.folderName, stage: ready.task.stage,
      shape: ready.outline.makesImage(ready.step) ? "image" : "video", account: ready.account, created: ready.created,
      due: ready.due, memoryByteCount: model.memoryByteCount(of: ready.task.stage),
      seatByteCount: model.seatByteCount(of: ready.task.stage),
      estimate: rate.map { $0 * Double(ready.outline.unitCount(ready.step)) },
      runsAlone: core.configuration.retry.runsAlone(kills: ready.task.kills, failures: ready.task.failures),
      kind: kind, unitCount: ready.outline.unitCount(ready.step), newClipCount: ready.newClipCount)
  }

  /// Gives a device its tasks together. What could be prepared is begun also where the store refused the rest.
  private func give(_ group: TaskGroup, to index: Int, _ worker: LocalWorker) async throws {
    var folders: [AttemptFolder] = []
    var refusal: (any Error)?
    for candidate in group.tasks where refusal == nil {
      do {
        if let folder = try await prepare(candidate, on: index, seatCount: group.tasks.count) { folders.append(folder) }
      } catch {
        refusal = error
      }
    }
    for folder in folders { slots[index].running[folder]?.measure?.seatCount = folders.count }
    if !folders.isEmpty {
      slots[index].state = .running
      slots[index].level = group.level
      slots[index].heard = .now
      slots[index].loadedModel = group.tasks[0].model
      worker.send(.run(folders))
      // The worker need not wait for the disk.
      for folder in folders { slots[index].running[folder]?.durable = Task { try await Self.sync(folder) } }
      core.signals.status.raise()
    }
    if let refusal { throw refusal }
    try await forecast(Set(group.tasks.filter { $0.newClipCount > 0 }.map(\.job)))
  }

  /// A folder that has gone meanwhile was a cancelled job's.
  static func sync(_ folder: AttemptFolder) async throws {
    do {
      try await offPool { try folder.sync() }
    } catch let error as FileSystemError where error.isNotFound {}
  }

  /// - Returns: nil where the task cannot be leased any more, composed or paid for.
  func prepare(_ candidate: Candidate, on index: Int, seatCount: Int) async throws -> AttemptFolder? {
    let device = slots[index].device
    let charge = charge(candidate, on: device, seatCount: seatCount)
    // Those before it in this round have reserved as well.
    guard decide(candidate, on: device) == .allowed else { return nil }
    preparing = candidate.task
    defer { preparing = nil }
    let lease: Lease
    do {
      lease = try await core.store.lease(candidate.task, worker: device.name, charge: charge)
    } catch let error as StoreError where error.code == .conflict {
      // Its job was cancelled or held since the task was chosen: something else may begin.
      post.yield(.wake)
      return nil
    }
    reserve(charge, candidate)
    do {
      return try await compose(candidate, lease, on: index)
    } catch {
      adoptLater(lease)
      throw error
    }
  }

  /// Writes a leased task down for the worker, and notes that the worker has it.
  ///
  /// - Returns: nil where it cannot be composed.
  private func compose(_ candidate: Candidate, _ lease: Lease, on index: Int) async throws -> AttemptFolder? {
    guard let task = try await core.store.task(candidate.task) else { return nil }
    let (device, folder) = (slots[index].device, core.folder(lease))
    do {
      var specification = try await composer.compose(task, attempt: lease.attempt)
      specification.kernels = specification.kernels ?? slots[index].description?.kernels
      // A power cut may have taken the lease that it was made for.
      if DurableFile.exists(folder.path) { try DurableFile.remove(folder.path) }
      try folder.write(specification)
    } catch {
      try await giveUp(task, lease, error)
      return nil
    }
    let charged = candidate.estimate ?? Scheduler.unknownEstimate
    let key = ThroughputKey(
      model: candidate.model, stage: candidate.stage, kind: candidate.kind, device: device.name)
    slots[index].running[folder] = RunningTask(
      task, lease,
      measure: .init(
        account: candidate.account, key: key, unitCount: candidate.unitCount, charged: charged,
        begun: slots[index].beginning))
    shares.charge(candidate.account, seconds: charged)
    core.logger.info("task started", metadata: metadata(device, task, lease))
    return folder
  }

  /// A task that cannot even be written down for a worker.
  private func giveUp(_ task: TaskRecord, _ lease: Lease, _ error: any Error) async throws {
    guard let composition = error as? CompositionError else {
      try await core.store.yield(lease, use: .spent(0))
      throw error
    }
    core.logger.error("task cannot be composed", metadata: ["job": "\(task.job)", "error": "\(composition)"])
    if let lost = composition.redo {
      try await core.store.yield(lease, use: .spent(0))
      try await core.store.redo(lost, message: composition.message)
      post.yield(.wake)
    } else {
      try await fail(lease, message: composition.message, killedWorker: false, retryAt: nil, use: .spent(0))
    }
  }
}
