import DaemonTesting
import DurableFiles
import Foundation
import JobModel
import JobStore
import Logging
import Scheduling
import ServiceLifecycle
import Testing

@testable import DaemonServices

/// A daemon's parts on a temporary folder, with a scripted worker and a model without weights.
final class TestService: Sendable {
  let root: String
  let core: ServiceCore

  /// - Parameters:
  ///   - script: `script.json` of the scripted worker.
  ///   - configure: changes the configuration.
  init(
    script: String = "{}", retry: RetryPolicy? = nil, configure: (inout DaemonConfiguration) -> Void = { _ in }
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
      configuration: configuration, store: try JobStore(path: configuration.paths.database),
      models: ModelCatalogue(configuration.models),
      logger: logger(ProcessInfo.processInfo.environment["WALT_TEST_LOG"] != nil))
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  /// Puts a request into the store as if it had been dropped.
  func accept(_ json: String, name: String = "a.json") async throws -> JobID {
    let bytes = Array(json.utf8)
    guard case .usable(let model) = core.models.entry("test") else { throw TestFailure("the model is not usable") }
    let digest = SHA256Digest(of: bytes)
    let resolved = try Request(parsing: bytes).resolved(for: model, digest: digest, account: "default")
    let file = RequestFile(path: name, digest: digest.hex, stamp: name, bytes: bytes, owner: 0)
    guard case .new(let job, _) = try await core.store.accept(file, resolved) else {
      throw TestFailure("\(name) is not new")
    }
    return job
  }

  /// Runs a dispatcher until `condition` holds, then stops it gracefully.
  func dispatch(until condition: @escaping @Sendable () async throws -> Bool) async throws {
    try await dispatch(core, until: condition)
  }

  /// The same with another configuration of the service.
  func dispatch(_ core: ServiceCore, until condition: @escaping @Sendable () async throws -> Bool) async throws {
    let dispatcher = Dispatcher(core: core)
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [ServiceGroupConfiguration.ServiceConfiguration(service: dispatcher)], logger: core.logger))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      for _ in 0..<3000 where try await !condition() { try await Task.sleep(for: .milliseconds(10)) }
      let isReached = try await condition()
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
      #expect(isReached, "the dispatcher did not get there in 30 s")
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

/// Silent, but for `WALT_TEST_LOG=1 swift test`.
private func logger(_ isHeard: Bool) -> Logger {
  Logger(label: "test") { label -> any LogHandler in
    if isHeard { return StreamLogHandler.standardError(label: label) }
    return SwiftLogNoOpLogHandler()
  }
}
