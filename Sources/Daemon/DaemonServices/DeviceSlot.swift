import ControlProtocol
import Foundation
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
  /// How urgent what it computes was when it began.
  var level = 0
  /// When its last task ended.
  var freed: ContinuousClock.Instant?
  /// Whether it was told to give way.
  var isYielding = false
  /// When the worker last said something, or was given something to do.
  var heard = ContinuousClock.now
  /// Why we have killed the worker; nil where we have not.
  var verdict: String?
  /// The model that the worker was last given a task of: it holds it in memory.
  var loadedModel: String?
  /// Ends of workers in a row without a finished task in between.
  var deaths = 0
  /// Starts in a row of which none brought a worker that was ready.
  var failedStarts = 0
  /// Not to be started before.
  var pausedUntil: ContinuousClock.Instant?

  init(_ device: DaemonConfiguration.Device) { self.device = device }

  /// How much longer the device rests; nil where it does not.
  var rest: Duration? {
    guard let pausedUntil else { return nil }
    let left = ContinuousClock.now.duration(to: pausedUntil)
    return left > .zero ? left : nil
  }

  /// When a task that is given out now may be said to have begun: the device has been busy with it since the one before.
  var beginning: ContinuousClock.Instant {
    guard let freed, .now - freed < .seconds(1) else { return .now }
    return freed
  }

  /// The device as the scheduler sees it: idle also where its worker has to be started first.
  var schedulable: DeviceState {
    DeviceState(
      name: device.name, memoryByteCount: device.memory.bytes, seatCount: device.seatCount, activity: activity,
      loadedModel: loadedModel)
  }

  private var activity: DeviceState.Activity {
    if rest != nil || state == .starting || isYielding { return .unavailable }
    return running.isEmpty ? .idle : .running(level: level)
  }

  /// Whether its worker should have said something by now.
  func isHung(after patience: Duration) -> Bool {
    worker != nil && (!running.isEmpty || state == .starting) && .now - heard > patience
  }

  var status: DeviceStatus {
    DeviceStatus(
      name: device.name, threadCount: device.threadCount, memoryByteCount: device.memory.bytes, worker: state,
      pid: worker?.process.pid, tasks: running.values.map(\.progress).sorted { ($0.job, $0.clip) < ($1.job, $1.clip) })
  }
}

/// A task that a worker has.
struct RunningTask {
  let task: TaskRecord
  let lease: Lease
  var progress: TaskProgress
  /// What it is measured by; nil for an attempt of the daemon before this one.
  var measure: Measure?
  /// Ends when the attempt's folder is on the disk: before that the store does not hear of what is in it.
  var durable: Task<Void, any Error>?

  /// What a task that was given out is charged and measured by.
  struct Measure {
    let account: String
    let key: ThroughputKey
    let unitCount: Int
    /// Seconds that were charged when it began.
    let charged: Double
    /// What lies between two tasks counts for the second.
    let begun: ContinuousClock.Instant
    /// Tasks that share the device with it.
    var seatCount = 1

    /// Its part of the device's time so far.
    var seconds: Double { (ContinuousClock.now - begun).seconds / Double(seatCount) }
  }

  init(_ task: TaskRecord, _ lease: Lease, measure: Measure? = nil) {
    self.task = task
    self.lease = lease
    self.measure = measure
    progress = TaskProgress(
      job: task.job, clip: task.clip, stage: task.stage, chunk: task.chunk, step: 0, of: 0)
  }

  /// Waits until the store may hear of what is in the attempt's folder.
  func reachDisk() async throws {
    if let durable { try await durable.value }
  }

  /// Whether others would have died with it.
  var isShared: Bool { (measure?.seatCount ?? 1) > 1 }
}
