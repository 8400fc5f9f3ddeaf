import ControlProtocol
import DaemonTesting
import DurableFiles
import Foundation
import JobModel
import JobStore
import Testing

private let image = #"{"prompt": "a", "frames": 1, "stages": "base", "steps": 1}"#
private let isRoot = geteuid() == 0

extension DaemonProcess {
  fileprivate func counts() throws -> [String: Int] { try status().counts.filter { $0.value > 0 } }
}

extension Faults {
  @Suite("The spool and the process under faults", .serialized, .timeLimit(.minutes(20)))
  struct SpoolFaultTests {
    @Test("a spool that is removed holds its jobs; made again with their files, they go on, and nothing is cancelled")
    func spoolRemoved() async throws {
      let daemon = try DaemonProcess(script: #"{"waits":[{"task":"base","step":0,"attempts":1}]}"#)
      for index in 0..<3 { try daemon.drop(image, as: "cat-\(index).json") }
      try await daemon.startAndAnswer()
      try await daemon.wait(for: "a running job") { try daemon.counts() == ["queued": 2, "running": 1] }
      try FileManager.default.removeItem(atPath: daemon.spool)
      try await daemon.wait(for: "held jobs") { try daemon.counts() == ["held": 3] }
      #expect(try daemon.waltctl("list").output.contains("spool missing"))
      try daemon.rescript("{}")
      try FileManager.default.createDirectory(atPath: daemon.spool, withIntermediateDirectories: true)
      for index in 0..<3 { try daemon.drop(image, as: "cat-\(index).json") }
      try await daemon.wait(for: "all of them") { try daemon.counts() == ["done": 3] }
      // What is dropped into the new folder is seen.
      try daemon.drop(image, as: "later.json")
      try await daemon.wait(for: "the later one") { daemon.exists("later.result.json") }
      #expect(try await daemon.stop() == 0)
    }

    @Test(
      "permissions that are lost hold jobs, and they go on when they are back",
      .enabled(if: isRoot, "another user must run the daemon"), arguments: ["read", "write", "file"])
    func permissions(lost: String) async throws {
      let daemon = try DaemonProcess(script: #"{"waits":[{"task":"base","step":0,"attempts":1}]}"#)
      daemon.launcher = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
      for path in [daemon.root, daemon.spool, "\(daemon.root)/model"] { chown(path, 65534, 65534) }
      chmod(daemon.root, 0o755)
      try daemon.drop(image, as: "cat.json")
      chmod("\(daemon.spool)/cat.json", 0o644)
      try await daemon.startAndAnswer()
      try await daemon.wait(for: "the running job") { try daemon.counts() == ["running": 1] }
      let (path, none, all): (String, mode_t, mode_t) =
        switch lost {
        case "read": (daemon.spool, 0, 0o755)
        case "write": (daemon.spool, 0o555, 0o755)
        default: ("\(daemon.spool)/cat.json", 0, 0o644)
        }
      chmod(path, none)
      switch lost {
      case "read": try await daemon.wait(for: "the held job") { try daemon.counts() == ["held": 1] }
      case "write":
        _ = try daemon.waltctl("hold", "1")
        try daemon.rescript("{}")
        _ = try daemon.waltctl("release", "1")
        try await daemon.wait(for: "the held job") {
          try daemon.waltctl("list").output.contains("held") && daemon.waltctl("list").output.contains("not writable")
        }
      default:
        chown("\(daemon.spool)/cat.json", 0, 0)
        try await Task.sleep(for: .milliseconds(300))
        #expect(try daemon.counts() == ["running": 1], "nobody has changed what the request asks for")
        _ = try daemon.waltctl("hold", "1")
        _ = try daemon.waltctl("release", "1")
      }
      try daemon.rescript("{}")
      chmod(path, all)
      try await daemon.wait(for: "the result") { daemon.exists("cat.result.json") }
      try await daemon.wait(for: "the end") { try daemon.counts() == ["done": 1] }
      #expect(try await daemon.stop() == 0)
    }

    @Test("100 producers at once, each in its own way of writing: every request is taken once")
    func producers() async throws {
      let daemon = try DaemonProcess()
      try await daemon.startAndAnswer()
      let count = 100
      let each = Soak.count(short: 1, long: 5)
      let spool = daemon.spool
      await withTaskGroup(of: Void.self) { group in
        for producer in 0..<count {
          group.addTask {
            for index in 0..<each { Self.produce("\(spool)/p\(producer)-\(index).json", way: producer % 4) }
          }
        }
      }
      try await daemon.wait(for: "all results", seconds: 600) {
        // A writer that stood still for longer than `settle` is refused first, and taken when its file is whole.
        try daemon.counts()["done"] == count * each
      }
      #expect(try daemon.names().filter { $0.hasSuffix(".error.json") }.isEmpty)
      #expect(try daemon.names().filter { $0.hasSuffix(".result.json") }.count == count * each)
      #expect(try await daemon.stop() == 0)
    }

    /// In place at once, in place byte after byte, by renaming, by linking.
    private static func produce(_ path: String, way: Int) {
      let bytes = Array(image.utf8)
      let temporary = path + ".tmp"
      let file = fopen(way < 2 ? path : temporary, "w")
      for byte in bytes {
        fputc(Int32(byte), file)
        if way == 1, byte == UInt8(ascii: ",") {
          fflush(file)
          usleep(20_000)
        }
      }
      fclose(file)
      if way == 2 { rename(temporary, path) }
      if way == 3 {
        link(temporary, path)
        unlink(temporary)
      }
    }

    @Test("files dropped while the event queue overflows are found all the same")
    func overflow() async throws {
      let daemon = try DaemonProcess(script: #"{"waits":[{"task":"text","step":0,"attempts":9}]}"#)
      try await daemon.startAndAnswer()
      let pid = try #require(daemon.pid)
      kill(pid, SIGSTOP)
      let limit =
        Int(
          try String(contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8).filter(\.isNumber))
        ?? 16384
      // Names that are no requests fill the queue first: what follows is announced by nobody.
      for index in 0..<limit / 2 + 100 {
        close(open("\(daemon.spool)/filler-\(index % 2).tmp", O_CREAT | O_WRONLY, 0o644))
      }
      let count = Soak.count(short: 200, long: 20_000)
      for index in 0..<count {
        try Data(image.utf8).write(to: URL(filePath: "\(daemon.spool)/r\(index).json"))
      }
      kill(pid, SIGCONT)
      try await daemon.wait(for: "all jobs", seconds: 300) {
        try daemon.counts().values.reduce(0, +) == count
      }
      #expect(try await daemon.stop() == 0)
    }

    @Test("stopped and continued, daemon and worker go on where they were")
    func suspended() async throws {
      var random = SeededRandom(stream: 4)
      let workload = Workload(count: 4, random: &random)
      let undisturbed = try await workload.undisturbed()
      let daemon = try DaemonProcess(script: #"{"step_milliseconds": 20}"#)
      for item in workload.items { try daemon.submit(item) }
      try await daemon.startAndAnswer()
      for round in 0..<4 {
        let pid = try #require(round % 2 == 0 ? daemon.pid : try daemon.workerPID())
        kill(pid, SIGSTOP)
        try await Task.sleep(for: .milliseconds(400))
        kill(pid, SIGCONT)
        try await Task.sleep(for: .milliseconds(100))
      }
      try await daemon.wait(for: "all jobs") { try daemon.counts() == ["done": workload.items.count] }
      #expect(try await daemon.stop() == 0)
      try await expectWhole(workload, daemon, like: undisturbed)
    }

    @Test("a second daemon on the same state folder is refused, says who has it, and disturbs nothing")
    func startedTwice() async throws {
      let daemon = try DaemonProcess()
      try await daemon.startAndAnswer()
      let second = try TestPrograms.run("waltd", ["--config", daemon.configuration.path])
      #expect(second.code == 75)
      #expect(second.errors.contains("held by process \(try #require(daemon.pid)); stop it first"))
      try daemon.drop(image, as: "cat.json")
      try await daemon.wait(for: "the result") { daemon.exists("cat.result.json") }
      #expect(try await daemon.stop() == 0)
    }

    @Test("the clock jumping a day forth and back delays nothing and changes no byte", arguments: [86_400, -86_400])
    func clock(jump: Int64) async throws {
      var random = SeededRandom(stream: 5)
      let workload = Workload(count: 3, random: &random)
      let undisturbed = try await workload.undisturbed()
      // Each base fails once: its retry is due at a time of day.
      let daemon = try DaemonProcess(
        script: #"{"step_milliseconds": 5, "accidents":[{"task":"base","step":1,"attempts":1,"kind":"internal"}]}"#)
      let offset = "\(daemon.root)/clock"
      func setClock(_ seconds: Int64) throws {
        let handle = try FileHandle(forUpdating: URL(filePath: offset))
        try handle.write(contentsOf: withUnsafeBytes(of: seconds) { Data($0) })
        try handle.close()
      }
      try Data(count: 8).write(to: URL(filePath: offset))
      daemon.inject(["WALT_FAULT_CLOCK": offset])
      try await daemon.startAndAnswer()
      for (index, item) in workload.items.enumerated() {
        try daemon.submit(item)
        try await Task.sleep(for: .milliseconds(60))
        try setClock(index % 2 == 0 ? jump : 0)
      }
      try await daemon.wait(for: "all jobs") { try daemon.counts() == ["done": workload.items.count] }
      #expect(abs(try daemon.status().updated.timeIntervalSinceNow - Double(jump)) < 60, "the daemon's clock is ours")
      #expect(try await daemon.stop() == 0)
      try await expectWhole(workload, daemon, like: undisturbed)
    }
  }
}
