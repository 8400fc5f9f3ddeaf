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
  /// The pause after a publication that the file system refused.
  static let pause = Duration.seconds(5)

  package init(core: ServiceCore, publisher: Publisher, dispatcher: Dispatcher) {
    self.core = core
    self.publisher = publisher
    self.dispatcher = dispatcher
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
    repeat {
      jobs = try await core.store.jobs(JobFilter(states: [.publishing]), limit: 1000)
      for job in jobs.reversed() { try await publishOrGiveUp(job) }
      // With its last line a batch is to be published.
    } while jobs.contains { $0.batch != nil }
    for ended in try await core.store.unannouncedJobs(limit: 1000) { try await announce(ended) }
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
      return dispatcher.wake()
    }
    if [EACCES, EPERM, EROFS].contains(error.code) {
      core.logger.error("request's folder cannot be written, job held", metadata: ["error": "\(error)"])
      _ = try await core.store.hold(job.id, reason: IntakeService.unwritableReason)
      return
    }
    guard error.isNotFound else { return try await giveUp(job, error.description) }
    core.logger.warning("request's folder is gone, job held", metadata: ["job": "\(job.id)", "error": "\(error)"])
    _ = try await core.store.hold(job.batch ?? job.id, reason: IntakeService.missingReason)
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
  private func announce(_ ended: UnannouncedJob) async throws {
    let job = ended.job
    if ended.isCurrent {
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
    if job.state != .failed { try await cleanUp(job.id) }
  }

  private func tell(_ job: JobRecord) async throws {
    if job.isBatch { return try await write(job) }
    try await openBatch(of: job)
    let result = try await JobReport(job, core: core).result(files: [])
    try await offPool { [publisher] in try publisher.publishResult(job.id, request: job.path, result) }
  }

  /// Checkpoints and attempts go when nobody needs them any more.
  private func cleanUp(_ job: JobID) async throws {
    _ = try await core.store.dropCheckpoints(of: job)
    for task in try await core.store.tasks(of: job) {
      try DurableFile.remove(AttemptFolder.taskFolder(state: core.state, task: "\(task.id)"))
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
