import ControlProtocol
import DurableFiles
import Foundation
import JobModel
import JobStore
import Logging
import ServiceLifecycle
import Spool
import Systemd

/// The daemon: puts the services together and runs them until it is stopped or drained.
package enum Daemon {
  /// - Parameters:
  ///   - isDraining: do what is there, then end.
  ///   - journalStream: the environment's `JOURNAL_STREAM`.
  /// - Returns: the exit code, see `waltd --help`.
  package static func run(
    _ configuration: DaemonConfiguration, isDraining: Bool, journalStream: String?
  ) async -> Int32 {
    let logger = LogBackend.logger("waltd", level: configuration.logLevel, journalStream: journalStream)
    signal(SIGPIPE, SIG_IGN)
    do {
      return try await run(configuration, isDraining: isDraining, logger: logger)
    } catch let error as FileSystemError where error.code == EWOULDBLOCK {
      logger.critical("not started", metadata: ["error": "\(error)"])
      return 75
    } catch let error as StoreError where error.code == .damaged {
      logger.critical("not started", metadata: ["error": "\(error)"])
      return 65
    } catch {
      logger.critical("ended by a mistake", metadata: ["error": "\(error)"])
      return 1
    }
  }

  private static func run(_ given: DaemonConfiguration, isDraining: Bool, logger: Logger) async throws -> Int32 {
    var configuration = given
    try DurableFile.makeFolder(given.paths.state, permissions: 0o750)
    // Workers and the store's paths need the folders' real names.
    configuration.paths.state = try realPath(given.paths.state)
    configuration.paths.spool = try realPath(given.paths.spool)
    if given.paths.control.hasPrefix(given.paths.state + "/") {
      configuration.paths.control = configuration.paths.state + given.paths.control.dropFirst(given.paths.state.count)
    }
    let lock = try await FileLock.acquire(configuration.paths.lockFile, patience: .seconds(10))
    defer { withExtendedLifetime(lock) {} }
    // With a full disk the store could not even be opened.
    _ = DiskGuard(configuration, logger: logger).isShort
    let core = ServiceCore(
      configuration: configuration,
      store: try JobStore(path: configuration.paths.database, ageing: configuration.ageing),
      models: ModelCatalogue(configuration.models), logger: logger)
    for model in core.models.status {
      if let problem = model.problem {
        logger.error("model cannot be used", metadata: ["model": "\(model.name)", "problem": "\(problem)"])
      }
    }
    let code = try await serve(core, isDraining: isDraining)
    try await core.store.close()
    return code
  }

  private static func serve(_ core: ServiceCore, isDraining: Bool) async throws -> Int32 {
    let root = try Folder(core.configuration.paths.spool)
    let publisher = Publisher(root: root)
    let dispatcher = Dispatcher(core: core)
    let status = StatusReporter(core: core, dispatcher: dispatcher)
    let intake = IntakeService(core: core, root: root, publisher: publisher, dispatcher: dispatcher)
    try await Recovery(core: core).run(dispatcher)
    // Draining all that is there is work that was asked for.
    await dispatcher.setDrained(isDraining ? false : try await core.store.isDrained())
    await intake.look()
    // Stopped in the opposite order, each when the one before has ended: first the workers, whose steps pass meanwhile,
    // then what brings new work, then what publishes theirs. Control answers until the end: closing waits for whoever
    // is connected.
    var services: [any Service] = [
      status, ControlServer(core: core, status: status, dispatcher: dispatcher),
      PublishingService(core: core, publisher: publisher, dispatcher: dispatcher), intake,
      ReloadService(core: core, dispatcher: dispatcher), Readiness(core: core), dispatcher,
    ]
    let drain = DrainService(core: core, dispatcher: dispatcher, intake: intake)
    if isDraining { services.append(drain) }
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: services.map { service in
          ServiceGroupConfiguration.ServiceConfiguration(
            service: service, successTerminationBehavior: .gracefullyShutdownGroup,
            failureTerminationBehavior: .gracefullyShutdownGroup, serviceName: "\(type(of: service))")
        }, gracefulShutdownSignals: [.sigterm, .sigint], logger: core.logger))
    try await group.run()
    return isDraining ? try await drain.exitCode() : 0
  }

  private static func realPath(_ path: String) throws -> String {
    guard let real = realpath(path, nil) else { throw FileSystemError("open folder", path) }
    defer { free(real) }
    return String(cString: real)
  }
}

/// Tells systemd that all services run.
private struct Readiness: Service {
  let core: ServiceCore

  func run() async throws {
    core.logger.info(
      "ready", metadata: ["spool": "\(core.configuration.paths.spool)", "state": "\(core.configuration.paths.state)"])
    ServiceNotifier().notify(.ready)
    core.signals.status.raise()
    try? await gracefulShutdown()
  }
}
