import ControlProtocol
import Foundation
import JobModel
import Logging
import Scheduling
import Settings

/// All that is configured: `waltd.toml` and what the command line puts in its place.
package struct DaemonConfiguration: Equatable, Sendable {
  /// Where it was read; nil: nowhere.
  package var file: String?
  package var paths: ServicePaths
  /// The program that computes, and arguments that come before ours.
  package var worker: [String]
  package var watch: WatchMode
  package var settle: Duration
  package var rescan: Duration
  package var checkpointInterval: Duration
  /// Kernels that every worker must have, `x86-64-v3`; nil: whatever this machine has.
  package var kernels: String?
  package var logLevel: Logger.Level
  package var limits: RequestLimits
  package var retry: RetryPolicy
  package var disk = DiskLimits()
  /// How long a worker that computes may say nothing before it is taken for hung.
  package var stall: Duration
  package var ageing: Ageing
  package var devices: [Device]
  package var models: [Model]
  package var accounts: AccountRules

  package enum WatchMode: String, CaseIterable, Sendable {
    /// The kernel's events, but polling on network file systems.
    case auto
    case inotify
    case poll
  }

  /// Room on the disks of spool and state.
  package struct DiskLimits: Equatable, Sendable {
    /// With less room than this no work begins.
    package var keepFree = ByteCount.mebibytes(64)
    /// Kept back for noting what happens while the disk is full.
    package var reserve = ByteCount.mebibytes(16)
  }

  /// One place to compute, with one worker.
  package struct Device: Equatable, Sendable {
    package enum Kind: String, CaseIterable, Sendable { case cpu, gpu }

    package var name: String
    package var kind = Kind.cpu
    /// Of the processor; what a second of the device costs in `cpu_seconds`.
    package var threadCount: Int
    /// Which of the machine's GPUs.
    package var index: Int?
    package var memory: ByteCount
    /// Tasks that it takes at once.
    package var seatCount = 1
  }

  /// A model that requests may name; the first is the default.
  package struct Model: Equatable, Sendable {
    package var name: String
    package var folder: String
  }
}

extension DaemonConfiguration {
  /// Reads a configuration file.
  ///
  /// - Parameters:
  ///   - spool: instead of the file's.
  ///   - defaultWorker: the path of `walt-worker` where the file sets none.
  /// - Throws: `SettingsError`.
  package static func read(
    file: String, spool: String?, state: String?, defaultWorker: String
  ) throws -> DaemonConfiguration {
    try SettingsTable.read(file: file) {
      try DaemonConfiguration($0, file: file, spool: spool, state: state, defaultWorker: defaultWorker)
    }
  }

  init(_ table: SettingsTable, file: String, spool: String?, state: String?, defaultWorker: String) throws {
    self.file = file
    paths = try ServicePaths(table, file: file, spool: spool, state: state)
    worker = [try table.optional("worker").map { ServicePaths.resolve($0, besides: file) } ?? defaultWorker]
    watch = try table.choice("watch", default: .auto)
    settle = try table.value("settle", default: .seconds(2), in: .zero ... .seconds(600))
    rescan = try table.value("rescan", default: .seconds(30), in: .milliseconds(100) ... .seconds(86_400))
    checkpointInterval = try table.value("checkpoint_interval", default: .seconds(10), in: .zero ... .seconds(86_400))
    kernels = try table.optional("kernels")
    logLevel = try table.choice("log_level", default: .info)
    limits = try Self.limits(try table.table("limits"))
    let retry = try table.table("retry")
    self.retry = try Self.retry(retry)
    stall =
      try retry?.value("stall", default: Self.standardStall, in: .milliseconds(100) ... .seconds(86_400))
      ?? Self.standardStall
    let scheduling = try table.table("scheduling")
    let point: Duration =
      try scheduling?.value("ageing", default: .seconds(600), in: .seconds(1) ... .seconds(86_400)) ?? .seconds(600)
    ageing = Ageing(secondsPerPoint: point.seconds)
    if let table = try table.table("disk") {
      disk.keepFree = try table.value("keep_free", default: disk.keepFree, in: .kibibytes(64)...(.gibibytes(1024)))
      disk.reserve = try table.value("reserve", default: disk.reserve, in: .kibibytes(64)...(.gibibytes(1)))
    }
    let devices = try table.tables("device").map(Device.init)
    self.devices = devices.isEmpty ? [.wholeMachine] : devices
    models = try table.tables("model").map { try Model($0, file: file) }
    accounts = try AccountRules(table)
    try Self.refuseTwins(table, "device", self.devices.map(\.name))
    try Self.refuseTwins(table, "model", models.map(\.name))
    if models.isEmpty {
      throw table.error(
        .missing, "model", "no model is set", hint: "add [[model]] with name = \"…\" and folder = \"…\"")
    }
  }

  private static let standardStall = Duration.seconds(600)

  private static func limits(_ table: SettingsTable?) throws -> RequestLimits {
    var limits = RequestLimits()
    guard let table else { return limits }
    limits.json.byteCount =
      try table.value("request", default: ByteCount(limits.json.byteCount), in: .kibibytes(1)...(.gibibytes(1))).bytes
    limits.batchByteCount =
      try table.value("batch", default: ByteCount(limits.batchByteCount), in: .kibibytes(1)...(.gibibytes(1))).bytes
    limits.json.depth = try table.value("nesting", default: limits.json.depth, in: 1...256)
    limits.promptByteCount =
      try table.value("prompt", default: ByteCount(limits.promptByteCount), in: ByteCount(1)...(.mebibytes(16))).bytes
    limits.conditioningByteCount =
      try table.value(
        "conditioning", default: ByteCount(limits.conditioningByteCount), in: .kibibytes(1)...(.gibibytes(1))
      ).bytes
    limits.clipCount = try table.value("clips", default: limits.clipCount, in: 1...1_000_000)
    return limits
  }

  private static func retry(_ table: SettingsTable?) throws -> RetryPolicy {
    let standard = RetryPolicy(attempts: 3, firstDelay: .seconds(2))
    guard let table else { return standard }
    return RetryPolicy(
      attempts: try table.value("attempts", default: standard.attempts, in: 1...100),
      firstDelay: try table.value("back_off", default: standard.firstDelay, in: .zero ... .seconds(3600)))
  }

  static func refuseTwins(_ table: SettingsTable, _ key: String, _ names: [String]) throws {
    var seen: Set<String> = []
    for name in names where !seen.insert(name).inserted {
      throw table.error(.range, key, "two [[\(key)]] have the name \"\(name)\"", hint: "rename one of them")
    }
  }
}

extension DaemonConfiguration.Device {
  /// What there is where nothing is configured: all cores, three quarters of the memory.
  package static var wholeMachine: Self {
    let memory = ByteCount(Int(ProcessInfo.processInfo.physicalMemory / 4 * 3))
    return Self(name: "cpu0", threadCount: ProcessInfo.processInfo.activeProcessorCount, memory: memory)
  }

  fileprivate init(_ table: SettingsTable) throws {
    name = try DaemonConfiguration.name(table)
    kind = try table.choice("kind", default: .cpu)
    threadCount = kind == .cpu ? try table.required("threads", in: 1...1024) : 1
    index = kind == .gpu ? try table.required("index", in: 0...255) : nil
    seatCount = try table.value("batch", default: 1, in: 1...256)
    memory = try table.required("memory", in: .mebibytes(64)...ByteCount(1 << 50))
  }
}

extension DaemonConfiguration.Model {
  fileprivate init(_ table: SettingsTable, file: String) throws {
    name = try DaemonConfiguration.name(table)
    folder = ServicePaths.resolve(try table.required("folder"), besides: file)
  }
}

extension DaemonConfiguration {
  /// A name that is also a file name and a word of a command line.
  fileprivate static func name(_ table: SettingsTable) throws -> String {
    let name: String = try table.required("name")
    let isPlain = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    guard isPlain, let first = name.first, first.isLetter || first.isNumber else {
      throw table.error(
        .range, "name", "name is \"\(name)\", allowed: letters, digits, \"-\", \"_\" and \".\"", hint: "rename it")
    }
    return name
  }
}
