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
  let publisher: Publisher
  let conditioning: ConditioningReader
  private let watcher: SpoolWatcher
  let dispatcher: Dispatcher
  /// Used by one look at a time.
  private nonisolated(unsafe) let scanner: SpoolScanner
  /// When a batch is to be looked at again, one of whose lines names a file that has not settled.
  nonisolated(unsafe) var batchWait: Duration?
  private let capabilities = ServiceCapabilities()
  /// Whether the last look left nothing to be looked at again.
  private let settled = Mutex(false)
  /// What the last look could not read.
  private let told = Mutex<[String]>([])

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
      var alarm: Task<Void, Never>?
      for await _ in core.signals.spool.raises.cancelOnGracefulShutdown() {
        // One at a time: each look sets its own.
        alarm?.cancel()
        let pause = await look()
        alarm = Task { [core] in
          do { try await Task.sleep(for: pause) } catch { return }
          core.signals.spool.raise()
        }
      }
      alarm?.cancel()
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
      let begun = ContinuousClock.now
      var scan = try await scan()
      let rescan = rescan(after: .now - begun)
      batchWait = nil
      var recognized = try await take(scan.found)
      var hasNews = !scan.found.isEmpty || !scan.removed.isEmpty
      while !scan.isComplete, !Task.isShuttingDownGracefully {
        scan = try await readOn(scan)
        hasNews = hasNews || !scan.found.isEmpty
        recognized += try await take(scan.found)
      }
      tell(scan.problems)
      for path in scan.removed {
        core.logger.info("request removed", metadata: ["request": "\(path)"])
        dispatcher.drop(try await core.store.forget(path))
      }
      try await hold(scan.withoutFolder)
      try await release(scan.present + recognized)
      if hasNews {
        core.signals.publishing.raise()
        core.signals.status.raise()
        dispatcher.wake()
      }
      let wait = [scan.lookAgain, batchWait].compactMap { $0 }.min()
      settled.withLock { $0 = wait == nil }
      core.signals.drain.raise()
      // No event tells that a folder which could not be read is back.
      return min(wait ?? rescan, scan.problems.isEmpty ? rescan : min(.seconds(1), core.configuration.rescan))
    } catch {
      core.logger.error("spool not looked through", metadata: ["error": "\(error)"])
      return min(.seconds(1), core.configuration.rescan)
    }
  }

  /// Logs what could not be read, once for as long as it stays so.
  private func tell(_ problems: [String]) {
    let isNew = told.withLock { told in
      defer { told = problems }
      return told != problems
    }
    guard isNew else { return }
    for problem in problems { core.logger.warning("spool not read whole", metadata: ["problem": "\(problem)"]) }
  }

  /// When to look again though nothing happens. Where events tell of changes, looking takes at most a hundredth of the
  /// time: a spool of many files is looked through less often.
  private func rescan(after look: Duration) -> Duration {
    let configured = core.configuration.rescan
    return watcher.mode == .poll ? configured : max(configured, look * 100)
  }

  /// Arms the watches first: what comes in between is seen by the look or raises an event.
  private func scan() async throws -> SpoolScan {
    let listing = try await offPool { [self] in scanner.list() }
    let known = try await core.store.knownRequests(at: listing.paths)
    return try await offPool { [self] in
      var scan = scanner.scan(listing, known: known, at: .now)
      // New folders may have filled before their watch was armed.
      if watcher.watch(scan.folders) { scan.lookAgain = .zero }
      return scan
    }
  }

  private func readOn(_ scan: SpoolScan) async throws -> SpoolScan {
    try await offPool { [self] in
      var scan = scan
      scanner.readOn(&scan, at: .now)
      return scan
    }
  }

  /// Requests that go into the store together.
  private static let groupSize = 500

  /// Takes what was found: single requests in groups, each of which is one transaction.
  ///
  /// - Returns: the paths of requests that are known already.
  private func take(_ found: [FoundRequest]) async throws -> [String] {
    var recognized: [String] = []
    for start in stride(from: 0, to: found.count, by: Self.groupSize) {
      let group = found[start..<min(start + Self.groupSize, found.count)]
      let known = try await core.store.recognize(group.map(\.file))
      try await takeNew(zip(group, known).filter { $1 == nil }.map(\.0))
      recognized += zip(group, known).filter { $1 != nil }.map(\.0.file.path)
      dispatcher.wake()
    }
    return recognized
  }

  /// Takes requests whose bytes are new. Known bytes are not judged again: the configuration may have changed since.
  private func takeNew(_ group: [FoundRequest]) async throws {
    var good: [(file: RequestFile, parameters: ResolvedRequest)] = []
    let acceptances: [Acceptance]
    do {
      for judged in try await offPool({ [self] in try group.map(judge) }) { try await take(judged, &good) }
      acceptances = try await core.store.accept(good)
    } catch {
      for request in good { core.removeInput(of: request.parameters) }
      throw error
    }
    for (taken, acceptance) in zip(good, acceptances) {
      if case .new = acceptance {} else { core.removeInput(of: taken.parameters) }
    }
    for (taken, acceptance) in zip(good, acceptances) { try await settle(acceptance, taken.file) }
  }

  /// - Parameter good: gets a good request with a copy of what it names; the others are dealt with here.
  private func take(
    _ judged: Judged, _ good: inout [(file: RequestFile, parameters: ResolvedRequest)]
  ) async throws {
    switch judged {
    case .batch(let file):
      do { try await take(batch: file) } catch let error as RequestError { try await refuse(file, error) }
    case .refused(let file, let error): try await refuse(file, error)
    case .good(let file, let request, var resolved):
      do {
        resolved.input = try await copyInput(of: request, file)
        good.append((file, resolved))
      } catch let error as RequestError {
        try await refuse(file, error)
      }
    }
  }

  private enum Judged {
    case good(RequestFile, Request, ResolvedRequest)
    case batch(RequestFile)
    case refused(RequestFile, RequestError)
  }

  private func judge(_ found: FoundRequest) throws -> Judged {
    switch found {
    case .refused(let file, let error): return .refused(file, error)
    case .batch(let file): return .batch(file)
    case .request(let file, let request):
      do {
        let resolved = try resolve(request, file, digest: file.sha256)
        try publisher.checkNames(request: file.path, resolved)
        return .good(file, request, resolved)
      } catch let error as RequestError {
        return .refused(file, error)
      }
    }
  }

  /// Copies the picture or video that the request names into the state folder: what happens to it from now on changes
  /// nothing. A copy whose job was never stored goes when the service starts again.
  func copyInput(of request: Request, _ file: RequestFile) async throws -> InputFile? {
    guard let named = request.namedFile else { return nil }
    let name = "\(ServiceCore.inputs)/\(UUID().uuidString)"
    return try await offPool { [core, conditioning] in
      try DurableFile.makeFolder(core.absolute(ServiceCore.inputs), permissions: 0o700)
      return try conditioning.copy(request, owner: file.owner, to: core.absolute(name)).map {
        InputFile(path: named.path, sha256: $0.sha256, byteCount: $0.byteCount, copy: name)
      }
    }
  }

  func settle(_ acceptance: Acceptance, _ file: RequestFile) async throws {
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
      if publisher.hasError(request: file.path) {
        try await unlessForbidden { [publisher] in try publisher.removeError(request: file.path) }
      }
    }
  }

  /// - Parameter digest: what the seed comes from where the request names none.
  func resolve(_ request: Request, _ file: RequestFile, digest: SHA256Digest) throws -> ResolvedRequest {
    let account = try core.accounts.current.account(of: request, path: file.path, owner: file.owner)
    let name = request.model ?? core.models.standard
    switch core.models.entry(name) {
    case nil:
      throw request.error(
        .unknownModel, "model is \"\(name)\", configured: \(core.models.names.joined(separator: ", "))", at: .model)
    case .broken(let problem):
      throw request.error(.unknownModel, "model \"\(name)\" cannot be used now: \(problem)", at: .model)
    case .usable(let model):
      let resolved = try request.resolved(for: model, digest: digest, account: account, capabilities: capabilities)
      try Admission.check(
        resolved, model: model.variant(resolved.variant) ?? model,
        deviceMemories: core.configuration.devices.map(\.memory.bytes))
      return resolved
    }
  }

  /// The error file comes first: whatever happens, a refused request has one.
  func refuse(_ file: RequestFile, _ error: RequestError) async throws {
    try await unlessForbidden { [publisher] in
      try publisher.writeError(Self.noJob, request: file.path, error.document)
    }
    guard case .new(let job, let revoked) = try await core.store.reject(file, error) else { return }
    dispatcher.drop(revoked)
    core.counters.count(.requestsTaken, "refused")
    core.logger.notice(
      "request refused", metadata: ["job": "\(job)", "error": "\(error.description(file: file.path))"])
  }

  /// A folder that we may not write in, or a name that is taken, concerns this request only: the log has it. A full
  /// disk concerns all: look again later.
  func unlessForbidden(_ body: @escaping @Sendable () throws -> Void) async throws {
    do {
      try await offPool(body)
    } catch let error as FileSystemError where !error.isDiskFull {
      core.logger.warning("error file not in order", metadata: ["error": "\(error)"])
    } catch let error as PublishError {
      core.logger.warning("error file not in order", metadata: ["error": "\(error)"])
    }
  }

  /// No job has this number: it names the error file's temporary.
  static let noJob = JobID(0)

  static let missingReason = "spool missing"
  static let unwritableReason = "spool not writable"

  private func hold(_ paths: [String]) async throws {
    for path in paths {
      guard let job = try await core.store.job(at: path), job.state.mayBecome(.held) else { continue }
      dispatcher.giveWay(try await core.store.hold(job.id, reason: Self.missingReason))
      core.logger.warning("request's folder is gone, job held", metadata: ["job": "\(job.id)", "request": "\(path)"])
    }
  }

  /// Whether outputs can be put beside a request, and into the folder of a batch where there is one already.
  private func isWritable(_ path: String) -> Bool {
    let names = OutputNames(requestPath: path)
    let folder = "\(core.configuration.paths.spool)/\(names.folder)"
    func admits(_ folder: String) -> Bool { access(folder, W_OK | X_OK) == 0 }
    guard admits(folder) else { return false }
    let lines = "\(folder)/\(names.stem)"
    return RequestName(path.folderAndName.name) != .batch || !DurableFile.exists(lines) || admits(lines)
  }

  /// Lets jobs go on that were held for their folders.
  ///
  /// - Parameter paths: of request files that are there.
  private func release(_ paths: [String]) async throws {
    guard !paths.isEmpty else { return }
    let present = Set(paths)
    for job in try await core.store.heldRequests(for: [Self.missingReason, Self.unwritableReason])
    where present.contains(job.path) && (job.reason == Self.missingReason || isWritable(job.path)) {
      try await core.store.release(job.id)
      core.signals.publishing.raise()
      core.logger.info("request's folder is back, job released", metadata: ["job": "\(job.id)"])
      dispatcher.wake()
    }
  }
}

extension FoundRequest {
  var file: RequestFile {
    switch self {
    case .request(let file, _), .batch(let file), .refused(let file, _): file
    }
  }
}

extension RequestFile {
  var sha256: SHA256Digest {
    guard let digest = SHA256Digest(hex: digest) else { preconditionFailure("a request's digest is SHA-256") }
    return digest
  }
}
