import DurableFiles
import Foundation
import JobModel
import JobStore
import ServiceLifecycle
import Spool
import WorkerProtocol

/// Gives finished jobs' outputs their names in the spool, and announces failed and cancelled ones.
///
/// Both can be done again after a crash: a job is `done` in the store only when its files are in place, and the end of
/// the others is announced again at start.
package struct PublishingService: Service {
  let core: ServiceCore
  let publisher: Publisher
  let dispatcher: Dispatcher
  /// Jobs that are looked at together.
  private let portion: Int
  /// The pause after a publication that the file system refused.
  static let pause = Duration.seconds(5)

  package init(core: ServiceCore, publisher: Publisher, dispatcher: Dispatcher, portion: Int = 1000) {
    self.core = core
    self.publisher = publisher
    self.dispatcher = dispatcher
    self.portion = portion
  }

  package func run() async throws {
    core.signals.publishing.raise()
    for await _ in core.signals.publishing.raises.cancelOnGracefulShutdown() {
      do {
        try await publishAll()
      } catch {
        core.logger.error("publishing refused, trying again", metadata: ["error": "\(error)"])
        try? await Task.sleep(for: Self.pause)
        core.signals.publishing.raise()
      }
      core.signals.status.raise()
      core.signals.drain.raise()
    }
  }

  /// Publishes what waits for it, then announces the ends that are not announced yet.
  package func publishAll() async throws {
    var jobs: [JobRecord] = []
    var hasMoved = false
    repeat {
      jobs = try await core.store.jobs(JobFilter(states: [.publishing]), limit: portion, withParameters: false)
      hasMoved = false
      for job in jobs.reversed() {
        if try await publishUnlessChanged(job.id) { hasMoved = true }
      }
      // With its last line a batch is to be published.
    } while hasMoved && jobs.contains(where: { $0.batch != nil })
    let ended = try await core.store.unannouncedJobs(limit: portion)
    for job in ended { try await announce(job) }
    // There may be more of them.
    if hasMoved && jobs.count == portion || ended.count == portion { core.signals.publishing.raise() }
  }

  /// What has become of a job since it was listed concerns no other.
  ///
  /// - Returns: false where the store did not allow what was to follow: it is looked at again with the next.
  private func publishUnlessChanged(_ id: JobID) async throws -> Bool {
    guard let job = try await core.store.job(id), job.state == .publishing else { return true }
    do {
      try await publishOrGiveUp(job)
      return true
    } catch let error as StoreError where error.code == .conflict {
      core.logger.warning("job not published", metadata: ["job": "\(id)", "error": "\(error)"])
      return false
    }
  }

  private func publishOrGiveUp(_ job: JobRecord) async throws {
    do {
      try await publish(job)
    } catch let error as PublishError {
      try await giveUp(job, error.description)
    } catch let error as CompositionError {
      try await redo(job, error)
    } catch let error as FileSystemError {
      try await refused(job, error)
    }
  }

  private func publish(_ job: JobRecord) async throws {
    if job.isBatch { return try await publish(batch: job) }
    try await openBatch(of: job)
    let report = try await JobReport(job, core: core)
    let clips = try report.media()
    let files = try await offPool { [publisher] in
      try publisher.publish(job.id, request: job.path, clips: clips) { try report.result(files: $0) }
    }
    try await core.store.markPublished(job.id, byteCount: files.reduce(0) { $0 + $1.byteCount })
    // Its account may have room for more now.
    dispatcher.wake()
    core.logger.info("job done", metadata: ["job": "\(job.id)", "request": "\(job.path)"])
    try await cleanUp(job.id)
  }

  /// The folder of a line's batch must be there before the line's outputs.
  private func openBatch(of job: JobRecord) async throws {
    guard let id = job.batch, let batch = try await core.store.job(id) else { return }
    try await offPool { [publisher] in try publisher.openBatch(batch.id, request: batch.path) }
  }

  private func publish(batch: JobRecord) async throws {
    try await write(batch)
    try await core.store.finishBatch(batch.id)
    core.logger.info("batch ended", metadata: ["job": "\(batch.id)", "request": "\(batch.path)"])
  }

  private func write(_ batch: JobRecord) async throws {
    let report = try await BatchReport(batch, store: core.store)
    try await offPool { [publisher] in
      try publisher.publishBatch(batch.id, request: batch.path, metadata: report.metadata) { report.result(files: $0) }
    }
  }

  /// What the file system refuses one job need not keep others waiting.
  private func refused(_ job: JobRecord, _ error: FileSystemError) async throws {
    if error.isDiskFull {
      guard core.disk.isShort else { throw error }
      _ = try await core.disk.withRoom { try await core.store.hold(job.id, reason: Dispatcher.diskReason) }
      return await dispatcher.reconsiderRoom()
    }
    if [EACCES, EPERM, EROFS].contains(error.code) {
      return try await hold(job, IntakeService.unwritableReason, error)
    }
    guard error.isNotFound else { return try await giveUp(job, error.description) }
    try await hold(job, IntakeService.missingReason, error)
  }

  /// Holds a job until its request's folder is as it was. A line is held with its batch, of which there is a file to be
  /// looked at; where that has ended already, nothing would release the line, and it fails.
  private func hold(_ job: JobRecord, _ reason: String, _ error: FileSystemError) async throws {
    var (held, why) = (job.id, reason)
    if let id = job.batch, let batch = try await core.store.job(id) {
      if batch.state.isFinal { return try await giveUp(job, error.description) }
      // One that is held already releases the lines that have its reason.
      if batch.state == .held { why = batch.reason ?? reason } else { held = batch.id }
    }
    core.logger.warning("job held", metadata: ["job": "\(held)", "reason": "\(why)", "error": "\(error)"])
    dispatcher.giveWay(try await core.store.hold(held, reason: why))
  }

  /// A lost output is made again.
  private func redo(_ job: JobRecord, _ error: CompositionError) async throws {
    guard let lost = error.redo else { return try await giveUp(job, error.description) }
    core.logger.error("output is lost", metadata: ["job": "\(job.id)", "error": "\(error)"])
    try await core.store.redo(lost, message: error.message)
    dispatcher.wake()
  }

  private func giveUp(_ job: JobRecord, _ reason: String) async throws {
    core.logger.error("job cannot be published", metadata: ["job": "\(job.id)", "reason": "\(reason)"])
    _ = try await core.store.fail(job.id, reason: reason)
  }

  /// Leaves the result of a job that has failed or was cancelled.
  private func announce(_ job: JobRecord) async throws {
    if job.isCurrent {
      do {
        try await tell(job)
      } catch let error as FileSystemError where error.isDiskFull {
        throw error
      } catch let error as StoreError {
        throw error
      } catch {
        // Its folder is gone, or something else has the name: nobody is left to tell but the log.
        core.logger.warning("end not announced", metadata: ["job": "\(job.id)", "error": "\(error)"])
      }
    }
    try await core.store.markAnnounced(job.id)
    core.logger.info(
      "job ended", metadata: ["job": "\(job.id)", "state": "\(job.state)", "reason": "\(job.reason ?? "")"])
    if job.isOver { try await cleanUp(job.id) }
  }

  private func tell(_ job: JobRecord) async throws {
    if job.isBatch { return try await write(job) }
    try await openBatch(of: job)
    let result = try await JobReport(job, core: core).result(files: [])
    try await offPool { [publisher] in try publisher.publishResult(job.id, request: job.path, result) }
  }

  /// Checkpoints and attempts go when nobody needs them any more. What a worker has still, the dispatcher removes when
  /// that has ended.
  private func cleanUp(_ job: JobID) async throws {
    _ = try await core.store.dropCheckpoints(of: job)
    let running = await dispatcher.runningTasks
    let tasks = try await core.store.tasks(of: job).map(\.id).filter { !running.contains($0) }
    try await offPool { [state = core.state] in
      for task in tasks { try DurableFile.remove(AttemptFolder.taskFolder(state: state, task: "\(task)")) }
    }
    if let parameters = try await core.store.job(job)?.parameters { core.removeInput(of: parameters) }
  }
}

/// Runs blocking work on a thread that is nobody else's.
func offPool<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    DispatchQueue.global(qos: .utility).async { continuation.resume(with: Result(catching: body)) }
  }
}
