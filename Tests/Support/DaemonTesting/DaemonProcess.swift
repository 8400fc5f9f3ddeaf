import ControlCommands
import ControlProtocol
import DurableFiles
import Foundation
import JobModel
import WorkerLauncher

/// A real `waltd` on a temporary folder, with the scripted worker.
package final class DaemonProcess {
  package let root: String
  /// What the daemon's environment has besides ours.
  package var environment: [String: String] = [:]
  /// A program, and its arguments, that starts the daemon; empty: nothing stands before it.
  package var launcher: [String] = []
  private var process: Process?
  private let originalConfiguration: String
  private let log: FileHandle

  /// With the scripted worker and a model without weights.
  package convenience init(script: String = "{}", settings: String = "") throws {
    try self.init(worker: TestPrograms.path("scripted-worker")) { try TestModel.write(to: $0, script: script) }
    try configure(settings)
  }

  /// Appends to the configuration as it was made; for the next start.
  package func configure(_ settings: String) throws {
    try Data((originalConfiguration + "\n" + settings).utf8).write(to: configuration)
  }

  /// - Parameters:
  ///   - root: a folder for all that it has; removed in the end.
  ///   - makeModel: makes the model folder at its argument.
  package init(
    worker: String, root: String = "/tmp/walt-daemon-\(UUID().uuidString.prefix(8))",
    makeModel: (String) throws -> Void
  ) throws {
    self.root = root
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    try makeModel("\(root)/model")
    try FileManager.default.createDirectory(atPath: "\(root)/spool", withIntermediateDirectories: true)
    try Data().write(to: URL(filePath: "\(root)/log"))
    log = try FileHandle(forWritingTo: URL(filePath: "\(root)/log"))
    let text = "worker = \"\(worker)\"\nlog_level = \"debug\"\n" + TestPrograms.configuration
    originalConfiguration = text
    try Data(text.utf8).write(to: configuration)
  }

  /// Its configuration file, which a test may change before it starts the daemon.
  package var configuration: URL { URL(filePath: "\(root)/waltd.toml") }

  /// Makes it content with a disk of a few megabytes.
  package func setDiskLimits() throws {
    let text = try String(contentsOf: configuration, encoding: .utf8)
    let limits = "[disk]\nkeep_free = \"1 MiB\"\nreserve = \"1 MiB\"\n[retry]"
    try Data(text.replacing("[retry]", with: limits).utf8).write(to: configuration)
  }

  /// The daemon's process, while it runs.
  package var pid: Int32? { process.flatMap { $0.isRunning ? $0.processIdentifier : nil } }

  /// Replaces what the scripted worker reads before each attempt.
  package func rescript(_ script: String) throws { try DurableFile.replace("\(root)/model/script.json", with: script) }

  deinit {
    if let process, process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
    if let worker = ProcessIdentity.read("\(root)/state/workers/cpu0.json"), worker.isAlive {
      Foundation.kill(worker.pid, SIGKILL)
    }
    try? FileManager.default.removeItem(atPath: root)
  }

  package var spool: String { "\(root)/spool" }
  package var paths: ServicePaths { ServicePaths(spool: spool, state: "\(root)/state") }

  package func start(_ arguments: String...) throws {
    let process = Process()
    let command = launcher + [TestPrograms.path("waltd"), "--config", "\(root)/waltd.toml"] + arguments
    process.executableURL = URL(filePath: command[0])
    process.arguments = Array(command.dropFirst())
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardError = log
    try process.run()
    self.process = process
  }

  /// Starts it and waits until it answers.
  package func startAndAnswer(seconds: Int = 30) async throws {
    try start()
    try await wait(for: "an answer", seconds: seconds) {
      _ = try status()
      return true
    }
  }

  /// SIGKILL, as a power cut for this process.
  package func kill() async throws {
    if let process { Foundation.kill(process.processIdentifier, SIGKILL) }
    _ = try await exitCode()
  }

  /// SIGTERM, and the exit code.
  package func stop() async throws -> Int32 {
    process?.terminate()
    return try await exitCode()
  }

  package func exitCode() async throws -> Int32 {
    try await wait(for: "the daemon's end") { process?.isRunning != true }
    return process?.terminationStatus ?? -1
  }

  package func workerPID() throws -> Int32? { ProcessIdentity.read("\(root)/state/workers/cpu0.json")?.pid }

  package func killWorker() {
    if let worker = ProcessIdentity.read("\(root)/state/workers/cpu0.json") { Foundation.kill(worker.pid, SIGKILL) }
  }

  /// Drops a request as a producer does: a temporary name, then a rename.
  package func drop(_ json: String, as name: String) throws {
    try Data(json.utf8).write(to: URL(filePath: "\(spool)/.\(name).tmp"))
    rename("\(spool)/.\(name).tmp", "\(spool)/\(name)")
  }

  package func exists(_ name: String) -> Bool { DurableFile.exists("\(spool)/\(name)") }
  package func read(_ name: String) throws -> String {
    String(decoding: try DurableFile.read("\(spool)/\(name)"), as: UTF8.self)
  }
  package func names() throws -> [String] { try Folder(spool).names().sorted() }
  package func status() throws -> ServiceStatus { try ControlClient(socket: paths.control).get("/v1/status") }
  package var logText: String { (try? String(contentsOfFile: "\(root)/log", encoding: .utf8)) ?? "" }

  /// Looks every few milliseconds; the log is in the failure.
  package func wait(for what: String, seconds: Int = 30, _ condition: () throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(seconds)
    repeat {
      if (try? condition()) ?? false { return }
      try await Task.sleep(for: .milliseconds(5))
    } while .now < end
    throw TestFailure("waited \(seconds) s for \(what); spool \((try? names()) ?? [])\n\(logText)")
  }
}
