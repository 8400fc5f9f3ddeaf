import DaemonTesting
import DurableFiles
import Foundation
import JobModel
import JobStore
import Logging
import Scheduling
import ServiceLifecycle
import Testing
import WorkerProtocol

@testable import DaemonServices

/// A daemon's parts on a temporary folder, with a scripted worker and a model without weights.
final class TestService: Sendable {
  let root: String
  let core: ServiceCore

  /// - Parameters:
  ///   - script: `script.json` of the scripted worker.
  ///   - configure: changes the configuration.
  ///   - now: the store's clock.
  init(
    script: String = "{}", retry: RetryPolicy? = nil, configure: (inout DaemonConfiguration) -> Void = { _ in },
    now: @escaping @Sendable () -> Date = { Date() }
  ) throws {
    root = "/tmp/walt-test-\(UUID().uuidString.prefix(8))"
    try TestModel.write(to: "\(root)/model", script: script)
    for folder in ["spool", "state"] {
      try FileManager.default.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
    }
    try Data(TestPrograms.configuration.utf8).write(to: URL(filePath: "\(root)/waltd.toml"))
    var configuration = try DaemonConfiguration.read(
      file: "\(root)/waltd.toml", spool: nil, state: nil, defaultWorker: TestPrograms.path("scripted-worker"))
    if let retry { configuration.retry = retry }
    configure(&configuration)
    core = ServiceCore(
      configuration: configuration, store: try JobStore(path: configuration.paths.database, now: now),
      models: ModelCatalogue(configuration.models),
      logger: logger(ProcessInfo.processInfo.environment["WALT_TEST_LOG"] != nil))
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  /// The same service, but nobody has raised its signals, and its models may have another name.
  func renewed(model: String = "test", configure: (inout DaemonConfiguration) -> Void = { _ in }) -> ServiceCore {
    var configuration = core.configuration
    configure(&configuration)
    let models = configuration.models.map { DaemonConfiguration.Model(name: model, folder: $0.folder) }
    return ServiceCore(
      configuration: configuration, store: core.store, models: ModelCatalogue(models), logger: core.logger)
  }

  /// Puts a request into the store as if it had been dropped.
  func accept(_ json: String, name: String = "a.json") async throws -> JobID {
    guard case .new(let job, _) = try await core.store.accept(file(json, name), resolved(json)) else {
      throw TestFailure("\(name) is not new")
    }
    return job
  }

  /// The same for as many requests as wanted, in one go.
  func accept(_ json: String, count: Int) async throws {
    let parameters = try resolved(json)
    _ = try await core.store.accept((0..<count).map { (file(json, "\($0).json"), parameters) })
  }

  /// Puts a batch into the store as if it had been dropped.
  func acceptBatch(_ lines: [String], name: String) async throws -> JobID {
    let file = file(lines.joined(separator: "\n"), name)
    guard case .open(let batch, 0, _) = try await core.store.openBatch(file, account: "default") else {
      throw TestFailure("\(name) is not new")
    }
    let entries = try lines.enumerated().map { index, line in
      let path = BatchLine.requestPath(stem: file.stem, line: index + 1)
      return BatchEntry(line: index + 1, file: self.file(line, path), parameters: try resolved(line))
    }
    try await core.store.addLines(entries, to: batch, upTo: lines.count)
    try await core.store.closeBatch(batch, refused: 0, reason: "")
    return batch
  }

  private func file(_ text: String, _ path: String) -> RequestFile {
    let bytes = Array(text.utf8)
    return RequestFile(path: path, digest: SHA256Digest(of: bytes).hex, stamp: path, bytes: bytes, owner: 0)
  }

  private func resolved(_ json: String) throws -> ResolvedRequest {
    guard case .usable(let model) = core.models.entry("test") else { throw TestFailure("the model is not usable") }
    let bytes = Array(json.utf8)
    return try Request(parsing: bytes).resolved(for: model, digest: SHA256Digest(of: bytes), account: "default")
  }

  /// Gives the first task that may begin to a worker that nobody has started.
  ///
  /// - Parameter charge: what its account pays.
  func lease(charge: TaskCharge? = nil) async throws -> (task: TaskRecord, lease: Lease, folder: AttemptFolder) {
    let ready = try #require(try await core.store.readyTasks(limit: 1).first)
    let lease = try await core.store.lease(ready.task.id, worker: "cpu0", charge: charge)
    let task = try #require(try await core.store.task(lease.task))
    let folder = core.folder(lease)
    try folder.write(try await TaskComposer(core: core).compose(task, attempt: lease.attempt))
    return (task, lease, folder)
  }

  /// Runs a dispatcher until `condition` holds, then stops it gracefully.
  func dispatch(until condition: @escaping @Sendable () async throws -> Bool) async throws {
    try await dispatch(core, until: condition)
  }

  /// The same with another configuration of the service.
  func dispatch(_ core: ServiceCore, until condition: @escaping @Sendable () async throws -> Bool) async throws {
    try await run(Dispatcher(core: core), until: condition)
  }

  /// Runs a service until `condition` holds, then stops it gracefully.
  func run(_ service: any Service, until condition: @escaping @Sendable () async throws -> Bool) async throws {
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [ServiceGroupConfiguration.ServiceConfiguration(service: service)], logger: core.logger))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      for _ in 0..<3000 where try await !condition() { try await Task.sleep(for: .milliseconds(10)) }
      let isReached = try await condition()
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
      #expect(isReached, "the service did not get there in 30 s")
    }
  }

  /// Runs until the job has left `queued` and `running`.
  func dispatch(until job: JobID, is states: Set<JobState> = [.publishing, .failed, .cancelled]) async throws {
    try await dispatch { [core] in
      guard let state = try await core.store.job(job)?.state else { return false }
      return states.contains(state)
    }
  }

  func outputs(of job: JobID) async throws -> [String: String] {
    var digests: [String: String] = [:]
    for task in try await core.store.tasks(of: job) {
      for output in task.attemptResult?.outputs ?? [] {
        digests["\(task.stage.rawValue) \(output.name)"] = output.sha256
      }
    }
    return digests
  }
}

extension Signal {
  /// Whether it was raised and nobody has looked since. It is of no use afterwards.
  func wasRaised() async -> Bool {
    let look = Task { [raises] in
      for await _ in raises { return true }
      return false
    }
    look.cancel()
    return await look.value
  }

  /// Looks at it; returns once it was raised.
  func look() async {
    for await _ in raises { return }
  }
}

/// Silent, but for `WALT_TEST_LOG=1 swift test`.
private func logger(_ isHeard: Bool) -> Logger {
  Logger(label: "test") { label -> any LogHandler in
    if isHeard { return StreamLogHandler.standardError(label: label) }
    return SwiftLogNoOpLogHandler()
  }
}
