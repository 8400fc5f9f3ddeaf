import ArgumentParser
import ControlProtocol
import Doctor
import DurableFiles
import Foundation
import JobModel
import Settings

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Look for damage in database, checkpoints, outputs and models; make a lost database anew.",
    discussion: """
      waltd must be stopped, and who runs this must be able to write the state folder (sudo -u waltd waltctl doctor). \
      Ends with 0 where nothing is wrong, with 1 where something is.
      """)

  @OptionGroup var service: ServiceOptions
  @Flag(help: "Print JSON.") var json = false
  @Flag(help: "Make the database anew from spool, results and checkpoints. The old one is kept beside it.")
  var rebuild = false

  func run() async throws {
    try await reportingAsync {
      let paths = try service.paths()
      let models = try service.models()
      let lock = try lock(paths)
      defer { withExtendedLifetime(lock) {} }
      if rebuild { return try await rebuild(paths, models) }
      let findings = try await Checkup(
        spool: paths.spool, state: paths.state, database: paths.database,
        modelFolders: models.map { ($0.name, $0.folder) }
      ).run()
      try tell(findings)
      if json { try printJSON(findings) }
      guard findings.isEmpty else { throw ControlExit.notDone }
      if !json { Terminal.print("nothing is wrong") }
    }
  }

  private func rebuild(_ paths: ServicePaths, _ models: [ServiceOptions.Model]) async throws {
    let readable = models.compactMap { try? ModelDescription(name: $0.name, folder: $0.folder) }
    let report = try await Rebuilder(
      spool: paths.spool, state: paths.state, database: paths.database, models: readable,
      devices: try service.devices()
    ).rebuild(at: .now)
    try tell(report.findings)
    if json { return try printJSON(report) }
    if let old = report.oldDatabase { Terminal.print("the old database is \(old)") }
    Terminal.print(
      "rebuilt: \(report.finished) finished jobs, \(report.begun) that go on, "
        + "\(report.waiting) requests to be taken as new; start waltd")
  }

  private func tell(_ findings: [Finding]) throws {
    if !json { for finding in findings { Terminal.print("\(finding)") } }
  }

  private func lock(_ paths: ServicePaths) throws -> FileLock {
    do throws(FileSystemError) {
      return try FileLock(paths.lockFile)
    } catch {
      guard error.code == EWOULDBLOCK else { throw error }
      throw ControlError(.conflict, "look for damage: waltd runs; stop it first (systemctl stop waltd)")
    }
  }
}

extension ServiceOptions {
  /// A configured model; the first is the default.
  struct Model {
    let name: String
    let folder: String
  }

  /// None where no configuration is named and none is installed.
  func models() throws -> [Model] {
    try tables("model") { model, file in
      let folder: String = try model.required("folder")
      return Model(name: try model.required("name"), folder: ServicePaths.resolve(folder, besides: file))
    }
  }

  /// What a second of each configured device is paid with; where none is configured, of the whole machine.
  func devices() throws -> [String: Rebuilder.Device] {
    let devices = try tables("device") { device, _ in
      let (name, kind): (String, String?) = (try device.required("name"), try device.optional("kind"))
      let threads: Int? = try device.optional("threads")
      let isGPU = kind == "gpu"
      return (
        name, Rebuilder.Device(measure: isGPU ? "gpu_seconds" : "cpu_seconds", rate: isGPU ? 1 : Double(threads ?? 1))
      )
    }
    if devices.isEmpty {
      let threadCount = ProcessInfo.processInfo.activeProcessorCount
      return ["cpu0": Rebuilder.Device(measure: "cpu_seconds", rate: Double(threadCount))]
    }
    return Dictionary(devices) { first, _ in first }
  }

  private func tables<Value>(
    _ name: String, _ read: (SettingsTable, _ file: String) throws -> Value
  ) throws -> [Value] {
    let file = config ?? Self.defaultConfiguration
    if config == nil, !DurableFile.exists(file) { return [] }
    return try SettingsTable.read(file: file) { table in
      table.ignoreOthers()
      return try table.tables(name).map { table in
        table.ignoreOthers()
        return try read(table, file)
      }
    }
  }
}
