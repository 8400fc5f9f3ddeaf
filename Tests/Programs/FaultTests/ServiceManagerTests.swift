import DaemonTesting
import DurableFiles
import Foundation
import Testing

/// A machine of its own that systemd has booted (`systemd-nspawn`), over this one's files, which stay as they are.
private final class Machine {
  private let folder: String
  private let name = "walt-\(UUID().uuidString.prefix(6))"
  private let process = Process()
  private var leader = ""

  static let obstacle: String? = {
    if geteuid() != 0 { return "a machine must be booted" }
    return DurableFile.exists("/usr/bin/systemd-nspawn") ? nil : "systemd-nspawn is not installed"
  }()

  var root: String { "\(folder)/root" }

  init() throws {
    folder = "/tmp/walt-machine-\(UUID().uuidString.prefix(8))"
    for part in ["root", "upper"] { try DurableFile.makeFolder("\(folder)/\(part)") }
    try Self.run("/usr/bin/mount", "-t", "tmpfs", "tmpfs", "\(folder)/upper")
    for part in ["files", "work"] { try DurableFile.makeFolder("\(folder)/upper/\(part)") }
    let layers = "lowerdir=/,upperdir=\(folder)/upper/files,workdir=\(folder)/upper/work"
    try Self.run("/usr/bin/mount", "-t", "overlay", "overlay", "-o", layers, root)
    try Data().write(to: URL(filePath: "\(root)/etc/machine-id"))
  }

  deinit {
    _ = try? inside("systemctl", "poweroff")
    for _ in 0..<50 where process.isRunning { usleep(100_000) }
    if process.isRunning { process.terminate() }
    for part in ["root", "upper"] { umount2("\(folder)/\(part)", Int32(MNT_DETACH)) }
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// Boots it, with nothing but what the service needs.
  func boot() throws {
    process.executableURL = URL(filePath: "/usr/bin/systemd-nspawn")
    process.arguments = [
      "-D", root, "--register=no", "--keep-unit", "--boot", "--machine=\(name)", "--private-network",
    ]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    try wait(for: "the machine") {
      let children = "/proc/\(process.processIdentifier)/task/\(process.processIdentifier)/children"
      leader = try String(contentsOfFile: children, encoding: .utf8).split(separator: " ").first.map(String.init) ?? ""
      // Services of this machine that fail there are not ours.
      return try ["running", "degraded"].contains(inside("systemctl", "is-system-running").output.trimmed)
    }
  }

  /// Runs a command in it.
  func inside(_ command: String...) throws -> ProgramEnd {
    if leader.isEmpty { throw TestFailure("the machine is not up") }
    return try TestPrograms.run("/usr/bin/nsenter", ["-t", leader, "-a"] + command)
  }

  func property(_ name: String) throws -> String {
    try inside("systemctl", "show", "waltd", "-p", name, "--value").output.trimmed
  }

  func wait(for what: String, seconds: Double = 60, _ condition: () throws -> Bool) throws {
    let end = Date.now + seconds
    while Date.now < end {
      if (try? condition()) ?? false { return }
      usleep(50_000)
    }
    let journal = (try? inside("journalctl", "-u", "waltd", "--no-pager", "-n", "60").output) ?? ""
    throw TestFailure("waited \(seconds) s for \(what)\n\(journal)")
  }

  static func run(_ program: String, _ arguments: String...) throws {
    let end = try TestPrograms.run(program, arguments)
    if end.code != 0 { throw TestFailure("\(program): \(end.errors)") }
  }
}

extension String {
  fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}

extension Faults {
  @Suite(
    "The unit under systemd", .serialized, .timeLimit(.minutes(10)),
    .enabled(if: Machine.obstacle == nil, "\(Machine.obstacle ?? "")"))
  struct ServiceManagerTests {
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
      .standardized.path

    /// Installs the shipped unit with the programs under test and the scripted worker.
    private func install(into machine: Machine) throws {
      let root = machine.root
      let own = TestPrograms.path("waltd").folderAndName.folder
      try DurableFile.makeFolder("\(root)/usr/local/bin")
      for program in ["waltd", "waltctl", "scripted-worker"] {
        try Machine.run("/bin/cp", "\(own)/\(program)", "\(root)/usr/local/bin/\(program)")
      }
      // The Swift libraries, where the confined service finds them.
      try DurableFile.makeFolder("\(root)/usr/local/lib/walt")
      let libraries = try TestPrograms.run("/usr/bin/ldd", ["\(own)/waltd"]).lines.compactMap { line in
        line.split(separator: " ").first { $0.contains("/swift/linux/") }.map(String.init)
      }
      for library in libraries { try Machine.run("/bin/cp", library, "\(root)/usr/local/lib/walt/") }
      // The first attempt at a base waits at its third step until it is stopped or killed.
      let script = #"{"step_milliseconds": 300, "waits": [{"task": "base", "step": 2, "attempts": 1}]}"#
      try TestModel.write(to: "\(root)/usr/local/share/walt/model", script: script)
      try DurableFile.makeFolder("\(root)/etc/walt")
      let configuration = """
        spool = "/var/spool/waltd"
        state = "/var/lib/waltd"
        control = "/run/waltd/control.sock"
        worker = "/usr/local/bin/scripted-worker"
        settle = "50 ms"
        checkpoint_interval = "0 s"
        [[model]]
        name = "test"
        folder = "/usr/local/share/walt/model"
        """
      try DurableFile.replace("\(root)/etc/walt/waltd.toml", with: configuration)
      let unit = try String(contentsOfFile: "\(Self.repository)/systemd/waltd.service", encoding: .utf8)
        .replacing("WatchdogSec=30s", with: "WatchdogSec=2s")
        .replacing("[Service]", with: "[Service]\nEnvironment=LD_LIBRARY_PATH=/usr/local/lib/walt")
      try DurableFile.replace("\(root)/etc/systemd/system/waltd.service", with: unit)
      for (kind, target) in [("sysusers", "usr/lib/sysusers.d"), ("tmpfiles", "usr/lib/tmpfiles.d")] {
        try Machine.run("/bin/cp", "\(Self.repository)/systemd/waltd.\(kind)", "\(root)/\(target)/waltd.conf")
      }
    }

    private func drop(_ json: String, as name: String, into machine: Machine) throws {
      let file = "/var/spool/waltd/\(name)"
      let end = try machine.inside("sh", "-c", "printf '%s' '\(json)' > \(file).tmp && mv \(file).tmp \(file)")
      if end.code != 0 { throw TestFailure(end.errors) }
    }

    @Test("ready, status text, journal fields, reload, restart after kill -9, watchdog, graceful stop")
    func life() throws {
      let machine = try Machine()
      try install(into: machine)
      try machine.boot()
      let started = try machine.inside("systemctl", "start", "waltd")
      if started.code != 0 { try machine.wait(for: "the start", seconds: 1) { false } }
      #expect(try machine.property("ActiveState") == "active")
      try machine.wait(for: "the status text") { try machine.property("StatusText") == "running 0, queued 0" }
      let socket = try machine.inside("stat", "-c", "%a %U %G", "/run/waltd/control.sock").output.trimmed
      #expect(socket == "660 waltd walt")

      // A job begins; the daemon is killed; systemd restarts it; the job goes on.
      try drop(#"{"prompt": "a red circle"}"#, as: "cat.json", into: machine)
      try machine.wait(for: "the running job") { try machine.property("StatusText").hasPrefix("running 1") }
      _ = try machine.inside("systemctl", "kill", "-s", "KILL", "--kill-who=main", "waltd")
      try machine.wait(for: "the restart") { try machine.property("NRestarts") == "1" }
      try machine.wait(for: "the job again") { try machine.property("StatusText").hasPrefix("running 1") }

      // The daemon hangs: the watchdog ends it, and the job goes on once more.
      let pid = try machine.property("MainPID")
      _ = try machine.inside("kill", "-STOP", pid)
      try machine.wait(for: "the watchdog") { try machine.property("NRestarts") == "2" }
      try machine.wait(for: "the result") {
        try machine.inside("test", "-e", "/var/spool/waltd/cat.result.json").code == 0
      }
      let journal = try machine.inside("journalctl", "-u", "waltd", "-o", "json", "--no-pager", "WALTD_JOB=1").output
      #expect(journal.contains("\"WALTD_STAGE\":\"base\"") && journal.contains("\"WALTD_REQUEST\":\"cat.json\""))

      #expect(try machine.inside("systemctl", "reload", "waltd").code == 0)
      #expect(try machine.property("ActiveState") == "active")

      // Stopped while it computes: the worker checkpoints, and nothing is lost.
      try drop(#"{"prompt": "b"}"#, as: "dog.json", into: machine)
      try machine.wait(for: "the second step") { try machine.inside("waltctl", "status").output.contains("base 2/") }
      #expect(try machine.inside("systemctl", "stop", "waltd").code == 0)
      #expect(try machine.property("Result") == "success" && machine.property("ExecMainStatus") == "0")
      #expect(try machine.inside("systemctl", "start", "waltd").code == 0)
      try machine.wait(for: "the second result") {
        try machine.inside("test", "-e", "/var/spool/waltd/dog.result.json").code == 0
      }
      let result = try machine.inside("cat", "/var/spool/waltd/dog.result.json").output
      #expect(result.contains("\"resumptions\": 1"))
    }
  }
}
