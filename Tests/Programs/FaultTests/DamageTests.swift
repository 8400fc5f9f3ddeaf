import ControlProtocol
import DaemonTesting
import DurableFiles
import Foundation
import JobModel
import JobStore
import Testing

extension Faults {
  @Suite("Damaged files", .serialized, .timeLimit(.minutes(30)))
  struct DamageTests {
    /// Flips a byte, or cuts the file short.
    private func damage(_ path: String, _ random: inout SeededRandom) throws {
      var bytes = try DurableFile.read(path)
      guard !bytes.isEmpty else { return }
      let place = Int.random(in: 0..<bytes.count, using: &random)
      if Int.random(in: 0..<3, using: &random) == 0 {
        bytes.removeSubrange(place...)
      } else {
        bytes[place] ^= UInt8.random(in: 1...255, using: &random)
      }
      try Data(bytes).write(to: URL(filePath: path))
    }

    @Test("every byte that changes in a closed database is found, never a crash; made anew, every job is there")
    func database() async throws {
      let daemon = try DaemonProcess()
      for index in 0..<8 { try daemon.drop(#"{"prompt": "\#(index)", "frames": 1}"#, as: "job-\(index).json") }
      try daemon.start("--drain")
      #expect(try await daemon.exitCode() == 0)
      let (whole, seal) = (try DurableFile.read(daemon.paths.database), Seal(database: daemon.paths.database).path)
      let digest = try DurableFile.read(seal)
      var random = SeededRandom(stream: 6)
      var (cuts, flips, foundCuts, foundFlips) = (0, 0, 0, 0)
      let count = Soak.count(short: 12, long: 300)
      for round in 0..<count {
        for suffix in ["-wal", "-shm"] { unlink(daemon.paths.database + suffix) }
        try Data(whole).write(to: URL(filePath: daemon.paths.database))
        try Data(digest).write(to: URL(filePath: seal))
        try damage(daemon.paths.database, &random)
        let isCut = DurableFile.byteCount(of: daemon.paths.database) != whole.count
        let end = try TestPrograms.run("waltctl", ["doctor", "--config", daemon.configuration.path])
        #expect([0, 1].contains(end.code), "\(end)")
        if isCut { cuts += 1 } else { flips += 1 }
        if end.code == 1 {
          #expect(end.output.contains("waltctl doctor --rebuild"))
          if isCut { foundCuts += 1 } else { foundFlips += 1 }
        }
        if round % 4 == 0 {
          try daemon.start("--drain")
          let code = try await daemon.exitCode()
          #expect([0, 1, 65].contains(code), "\(code): \(daemon.logText.suffix(1000))")
        }
      }
      #expect(foundCuts == cuts && foundFlips == flips)

      try Data(whole.prefix(whole.count / 2)).write(to: URL(filePath: daemon.paths.database))
      try daemon.start()
      #expect(try await daemon.exitCode() == 65)
      #expect(daemon.logText.contains("run waltctl doctor"))
      let rebuilt = try TestPrograms.run("waltctl", ["doctor", "--rebuild", "--config", daemon.configuration.path])
      #expect(rebuilt.code == 0 && rebuilt.output.contains("rebuilt: 8 finished jobs, 0 that go on, 0 requests"))
      try daemon.start("--drain")
      #expect(try await daemon.exitCode() == 0)
    }

    @Test(
      "damaged checkpoints, events, results and write-ahead logs cost time, not bytes",
      arguments: ["checkpoint", "events.jsonl", "result.json", "task.json", "-wal"])
    func attempts(kind: String) async throws {
      var random = SeededRandom(stream: 7)
      let workload = Workload(count: Soak.count(short: 2, long: 6), random: &random)
      let undisturbed = try await workload.undisturbed()
      for _ in 0..<Soak.count(short: 2, long: 20) {
        let daemon = try DaemonProcess(script: #"{"step_milliseconds": 5}"#)
        for item in workload.items { try daemon.submit(item) }
        try daemon.start()
        // A look may come too late for any one stage.
        try await daemon.wait(for: "work") {
          let status = try daemon.status()
          return !status.devices[0].tasks.isEmpty || status.counts["done"] ?? 0 > 0
        }
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...150, using: &random)))
        try await daemon.kill()
        daemon.killWorker()
        let state = "\(daemon.root)/state"
        let files = (FileManager.default.enumerator(atPath: state)?.compactMap { $0 as? String } ?? []).filter {
          kind.hasPrefix("-") ? $0.hasSuffix(kind) : $0.folderAndName.name.hasPrefix(kind)
        }
        for file in files { try damage("\(state)/\(file)", &random) }
        try daemon.rescript("{}")
        try daemon.start("--drain")
        #expect(try await daemon.exitCode() == 0, "\(daemon.logText.suffix(2000))")
        try await expectWhole(workload, daemon, like: undisturbed)
      }
    }
  }
}
