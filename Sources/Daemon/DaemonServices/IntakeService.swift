import DurableFiles
import Foundation
import JobModel
import JobStore
import Scheduling
import ServiceLifecycle
import Spool
import Synchronization

/// Watches the spool: new requests become jobs or error files, changed and removed ones end their jobs.
package final class IntakeService: Service {
  let core: ServiceCore
  private let publisher: Publisher
  private let conditioning: ConditioningReader
  private let watcher: SpoolWatcher
  private let dispatcher: Dispatcher
  /// Used by one look at a time.
  private nonisolated(unsafe) let scanner: SpoolScanner
  private let capabilities = ServiceCapabilities()
  /// Whether the last look left nothing to be looked at again.
  private let settled = Mutex(false)

  package init(core: ServiceCore, root: Folder, publisher: Publisher, dispatcher: Dispatcher) {
    self.core = core
    self.publisher = publisher
    self.dispatcher = dispatcher
    let configuration = core.configuration
    conditioning = ConditioningReader(root: root.path, limits: configuration.limits)
    scanner = SpoolScanner(root: root, limits: configuration.limits, settle: configuration.settle)
    watcher = SpoolWatcher(
      root: configuration.paths.spool, mode: configuration.watch == .poll ? .poll : .inotify, logger: core.logger)
  }

  /// Whether every file in the spool has been taken or refused.
  package var isSettled: Bool { settled.withLock { $0 } }

  package func run() async throws {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { [watcher, core] in
        for await _ in watcher.wakeUps { core.signals.spool.raise() }
      }
      core.signals.spool.raise()
      for await _ in core.signals.spool.raises.cancelOnGracefulShutdown() {
        let pause = await look()
        group.addTask { [core] in
          try? await Task.sleep(for: pause)
          core.signals.spool.raise()
        }
      }
      watcher.stop()
      group.cancelAll()
    }
  }

  /// One look at the whole spool.
  ///
  /// - Returns: when to look again at the latest.
  @discardableResult
  package func look() async -> Duration {
    do {
      if core.models.refresh() { dispatcher.wake() }
      let scan = try await scan()
      for problem in scan.problems { core.logger.warning("spool not read whole", metadata: ["problem": "\(problem)"]) }
      var recognized: [String] = []
      for found in scan.found { if let path = try await take(found) { recognized.append(path) } }
      for path in scan.removed {
        core.logger.info("request removed", metadata: ["request": "\(path)"])
        dispatcher.drop(try await core.store.forget(path))
      }
      try await hold(scan.withoutFolder)
      try await release(scan.present + recognized)
      if !scan.found.isEmpty || !scan.removed.isEmpty {
        core.signals.publishing.raise()
        core.signals.status.raise()
        dispatcher.wake()
      }
      settled.withLock { $0 = scan.lookAgain == nil }
      core.signals.drain.raise()
      return min(scan.lookAgain ?? core.configuration.rescan, core.configuration.rescan)
    } catch {
      core.logger.error("spool not looked through", metadata: ["error": "\(error)"])
      return min(.seconds(1), core.configuration.rescan)
    }
  }

  /// Arms the watches first: what comes in between is seen by the look or raises an event.
  private func scan() async throws -> SpoolScan {
    let known = try await core.store.knownRequests()
    return try await offPool { [self] in
      var scan = scanner.scan(known: known, at: .now)
      // New folders may have filled before their watch was armed.
      if watcher.watch(scan.folders) { scan.lookAgain = .zero }
      return scan
    }
  }

  /// - Returns: the path of a request that is known already.
  private func take(_ found: FoundRequest) async throws -> String? {
    switch found {
    case .refused(let file, let error):
      if try await core.store.recognize(file) == nil { try await refuse(file, error) }
    case .request(let file, let request):
      // Known bytes are not judged again: the configuration may have changed since.
      if try await core.store.recognize(file) != nil { return file.path }
      do {
        var resolved = try resolve(request, file)
        try await checkNames(file, resolved)
        resolved.input = try await copyInput(of: request, file)
        let acceptance = try await core.store.accept(file, resolved)
        if case .new = acceptance {} else { core.removeInput(of: resolved) }
        try await settle(acceptance, file)
      } catch let error as RequestError {
        try await refuse(file, error)
      }
    }
    return nil
  }

  /// Copies the picture or video that the request names into the state folder: what happens to it from now on changes
  /// nothing. A copy whose job was never stored goes when the service starts again.
  private func copyInput(of request: Request, _ file: RequestFile) async throws -> InputFile? {
    guard let named = request.namedFile else { return nil }
    let name = "\(ServiceCore.inputs)/\(UUID().uuidString)"
    return try await offPool { [core, conditioning] in
      try DurableFile.makeFolder(core.absolute(ServiceCore.inputs), permissions: 0o700)
      return try conditioning.copy(request, owner: file.owner, to: core.absolute(name)).map {
        InputFile(path: named.path, sha256: $0.sha256, byteCount: $0.byteCount, copy: name)
      }
    }
  }

  /// What is in the way of the outputs is better said before they are made.
  private func checkNames(_ file: RequestFile, _ resolved: ResolvedRequest) async throws {
    try await offPool { [publisher] in try publisher.checkNames(request: file.path, resolved) }
  }

  private func settle(_ acceptance: Acceptance, _ file: RequestFile) async throws {
    switch acceptance {
    case .known: break
    case .nameTaken(let other):
      try await refuse(
        file,
        RequestError(.nameTaken, "\"\(other)\" has the same name but for its ending; rename one of them"))
    case .new(let job, let revoked):
      dispatcher.drop(revoked)
      core.counters.count(.requestsTaken, "accepted")
      core.logger.info("request accepted", metadata: ["job": "\(job)", "request": "\(file.path)"])
      try await unlessForbidden { [publisher] in try publisher.removeError(request: file.path) }
    }
  }

  private func resolve(_ request: Request, _ file: RequestFile) throws -> ResolvedRequest {
    let name = request.model ?? core.models.standard
    switch core.models.entry(name) {
    case nil:
      throw request.error(
        .unknownModel, "model is \"\(name)\", configured: \(core.models.names.joined(separator: ", "))", at: .model)
    case .broken(let problem):
      throw request.error(.unknownModel, "model \"\(name)\" cannot be used now: \(problem)", at: .model)
    case .usable(let model):
      guard let digest = SHA256Digest(hex: file.digest) else { preconditionFailure("a request's digest is SHA-256") }
      let resolved = try request.resolved(for: model, digest: digest, account: "default", capabilities: capabilities)
      try Admission.check(
        resolved, model: model.variant(resolved.variant) ?? model,
        deviceMemories: core.configuration.devices.map(\.memory.bytes))
      return resolved
    }
  }

  /// The error file comes first: whatever happens, a refused request has one.
  private func refuse(_ file: RequestFile, _ error: RequestError) async throws {
    try await unlessForbidden { [publisher] in try publisher.writeError(Self.noJob, request: file.path, error) }
    guard case .new(let job, let revoked) = try await core.store.reject(file, error) else { return }
    dispatcher.drop(revoked)
    core.counters.count(.requestsTaken, "refused")
    core.logger.notice(
      "request refused", metadata: ["job": "\(job)", "error": "\(error.description(file: file.path))"])
  }

  /// A folder that we may not write in, or a name that is taken, concerns this request only: the log has it. A full
  /// disk concerns all: look again later.
  private func unlessForbidden(_ body: @escaping @Sendable () throws -> Void) async throws {
    do {
      try await offPool(body)
    } catch let error as FileSystemError where !error.isDiskFull {
      core.logger.warning("error file not in order", metadata: ["error": "\(error)"])
    } catch let error as PublishError {
      core.logger.warning("error file not in order", metadata: ["error": "\(error)"])
    }
  }

  /// No job has this number: it names the error file's temporary.
  private static let noJob = JobID(0)

  static let missingReason = "spool missing"
  static let unwritableReason = "spool not writable"

  private func hold(_ paths: [String]) async throws {
    for path in paths {
      guard let known = try await core.store.knownRequest(at: path), known.state.mayBecome(.held) else { continue }
      _ = try await core.store.hold(known.job, reason: Self.missingReason)
      core.logger.warning(
        "request's folder is gone, job held", metadata: ["job": "\(known.job)", "request": "\(path)"])
    }
  }

  /// Whether outputs can be put beside a request.
  private func isWritable(_ path: String) -> Bool {
    access("\(core.configuration.paths.spool)/\(path)".folderAndName.folder, W_OK | X_OK) == 0
  }

  private func release(_ paths: [String]) async throws {
    for path in paths {
      guard let known = try await core.store.knownRequest(at: path),
        let reason = try await core.store.job(known.job)?.reason,
        reason == Self.missingReason || reason == Self.unwritableReason && isWritable(path)
      else { continue }
      try await core.store.release(known.job)
      core.signals.publishing.raise()
      core.logger.info("request's folder is back, job released", metadata: ["job": "\(known.job)"])
      dispatcher.wake()
    }
  }
}
