import Foundation
import JobModel
import JobStore
import WorkerLauncher
import WorkerProtocol

extension Dispatcher {
  /// Gives every idle device the first task that fits it, in the order of priority and arrival.
  func assign() async throws {
    guard !isStopping else { return }
    var ready = try await core.store.readyTasks(limit: 32 + slots.count)
    for index in slots.indices where slots[index].running.isEmpty {
      if let pause = slots[index].pausedUntil {
        let left = ContinuousClock.now.duration(to: pause)
        if left > .zero {
          wake(after: left)
          continue
        }
      }
      guard let place = ready.firstIndex(where: { fits($0, slots[index].device) }) else { continue }
      guard let worker = slots[index].worker, slots[index].state == .idle else {
        if slots[index].worker == nil { start(index) }
        continue
      }
      try await give(ready.remove(at: place).task, to: index, worker)
    }
    if let retry = try await core.store.nextRetry() {
      wake(after: .milliseconds(max(10, Int64(retry.timeIntervalSinceNow * 1000) + 1)))
    }
    core.signals.drain.raise()
  }

  /// Whether the device's memory holds the task.
  private func fits(_ ready: ReadyTask, _ device: DaemonConfiguration.Device) -> Bool {
    guard case .usable(let model) = core.models.entry(ready.model) else { return false }
    return model.memoryByteCount(of: ready.task.stage) <= device.memory.bytes
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

  private func give(_ task: TaskRecord, to index: Int, _ worker: LocalWorker) async throws {
    let lease = try await core.store.lease(task.id, worker: slots[index].device.name)
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
