import ControlProtocol
import JobModel
import JobStore
import Scheduling
import WorkerLauncher
import WorkerProtocol

/// A device with the worker on it and what that computes: values of the dispatcher, changed only in its loop.
struct DeviceSlot {
  let device: DaemonConfiguration.Device
  var worker: LocalWorker?
  var state = DeviceStatus.WorkerState.stopped
  /// What the worker said it is; nil before it is ready.
  var description: WorkerDescription?
  var running: [AttemptFolder: RunningTask] = [:]
  /// The model that the worker was last given a task of: it holds it in memory.
  var loadedModel: String?
  /// Ends of workers in a row without a finished task in between.
  var deaths = 0
  /// Not to be started before.
  var pausedUntil: ContinuousClock.Instant?

  init(_ device: DaemonConfiguration.Device) { self.device = device }

  /// How much longer the device rests; nil where it does not.
  var rest: Duration? {
    guard let pausedUntil else { return nil }
    let left = ContinuousClock.now.duration(to: pausedUntil)
    return left > .zero ? left : nil
  }

  /// The device as the scheduler sees it: idle also where its worker has to be started first.
  var schedulable: DeviceState {
    DeviceState(
      name: device.name, memoryByteCount: device.memory.bytes, isIdle: running.isEmpty && rest == nil,
      loadedModel: loadedModel)
  }

  var status: DeviceStatus {
    DeviceStatus(
      name: device.name, threadCount: device.threadCount, memoryByteCount: device.memory.bytes, worker: state,
      pid: worker?.process.pid, tasks: running.values.map(\.progress).sorted { $0.job < $1.job })
  }
}

/// A task that a worker has.
struct RunningTask {
  let task: TaskRecord
  let lease: Lease
  var progress: TaskProgress

  init(_ task: TaskRecord, _ lease: Lease) {
    self.task = task
    self.lease = lease
    progress = TaskProgress(
      job: task.job, clip: task.clip, stage: task.stage, chunk: task.chunk, step: 0, of: 0)
  }
}
