import ControlCommands
import ControlProtocol
import DaemonTesting
import DurableFiles
import Foundation
import JobModel
import JobStore
import Testing

/// All that must hold when everything is done, whatever happened on the way.
func expectWhole(
  _ workload: Workload, _ daemon: DaemonProcess, like undisturbed: [String: [String: String]]
) async throws {
  let published = try workload.published(by: daemon)
  for (stem, files) in undisturbed {
    #expect(published[stem] == files, "\(stem) differs\n\(daemon.logText.suffix(3000))")
  }
  #expect(daemon.allFiles() == (try workload.expectedFiles(of: daemon)), "files that are nobody's, or missing ones")
  #expect(daemon.strays().isEmpty, "\(daemon.strays())")
  let store = try JobStore(path: daemon.paths.database)
  #expect(try await store.leasedTasks().isEmpty, "leaked leases")
  let counts = try await store.counts().filter { $0.value > 0 }
  #expect(counts == [.done: workload.items.count], "each job ends once: \(counts)")
  #expect(try await store.integrityProblems().isEmpty)
  try await store.close()
}

extension Faults {
  @Suite("Killed at any instant", .serialized, .timeLimit(.minutes(60)))
  struct KillTests {
    /// Starts the daemon and waits until it answers.
    ///
    /// - Returns: how long that took.
    private func recover(_ daemon: DaemonProcess) async throws -> Duration {
      let begin = ContinuousClock.now
      try await daemon.startAndAnswer()
      return .now - begin
    }

    @Test("kill -9 of daemon, worker or both, again and again: every job ends once, with the same bytes")
    func randomInstants() async throws {
      var random = SeededRandom(stream: 2)
      let workload = Workload(count: Soak.count(short: 10, long: 200), random: &random)
      let undisturbed = try await workload.undisturbed()
      let daemon = try DaemonProcess(script: #"{"step_milliseconds": 3}"#)
      try DurableFile.replace("\(daemon.root)/model/steps.log", with: "")
      let kills = Soak.count(short: 12, long: 1000)
      var (waiting, slowest, workerKills) = (workload.items[...], Duration.zero, 0)
      for kill in 0..<kills {
        slowest = max(slowest, try await recover(daemon))
        let share = (waiting.count + kills - kill - 1) / (kills - kill)
        for item in waiting.prefix(share) { try daemon.submit(item) }
        waiting = waiting.dropFirst(share)
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...250, using: &random)))
        let victim = Int.random(in: 0..<4, using: &random)
        if victim != 0 {
          daemon.killWorker()
          workerKills += 1
        }
        if victim == 1 { try await Task.sleep(for: .milliseconds(Int.random(in: 0...50, using: &random))) }
        try await daemon.kill()
      }
      try daemon.start("--drain")
      #expect(try await daemon.exitCode() == 0)
      try await expectWhole(workload, daemon, like: undisturbed)
      print("\(kills) kills over \(workload.items.count) jobs, recovery at most \(slowest)")
      // Beside all other tests there is no telling whose time it was.
      if Soak.isLong { #expect(slowest < .seconds(3)) }
      try expectLittleLost(workload, daemon, kills: kills + workerKills)
    }

    /// A checkpoint is due after every step: a kill costs at most the step that was being computed or saved.
    private func expectLittleLost(_ workload: Workload, _ daemon: DaemonProcess, kills: Int) throws {
      let computed = try AppendLog.lines(of: "\(daemon.root)/model/steps.log").lines.count
      let needed = try DaemonProcess.stepCount(of: workload)
      print("computed \(computed) steps, needed \(needed)")
      #expect(computed - needed <= kills)
    }

    @Test("kill -9 at named points: after and before each kind of call that changes the disk")
    func namedPoints() async throws {
      var random = SeededRandom(stream: 3)
      let points = Soak.count(short: 12, long: 200)
      let workload = Workload(count: points, random: &random)
      let undisturbed = try await workload.undisturbed()
      let calls = ["fsync", "fdatasync", "renameat", "renameat2", "unlinkat", "mkdirat", "write", "pwrite64"]
      let daemon = try DaemonProcess()
      var reached = 0
      for point in 0..<points {
        try daemon.submit(workload.items[point])
        let call = calls[point % calls.count]
        let place = "\(Bool.random(using: &random) ? "-" : "")\(call):\(Int.random(in: 1...12, using: &random))"
        daemon.inject(["WALT_FAULT_KILL": place])
        try daemon.start("--drain")
        if try await daemon.exitCode() == SIGKILL { reached += 1 }
      }
      daemon.environment = [:]
      try daemon.start("--drain")
      #expect(try await daemon.exitCode() == 0, "\(daemon.logText.suffix(2000))")
      print("killed at \(reached) of \(points) points")
      #expect(reached > points / 2)
      try await expectWhole(workload, daemon, like: undisturbed)
    }

    @Test("what was acknowledged is there after kill -9 at once, burst after burst")
    func bursts() async throws {
      let daemon = try DaemonProcess()
      let bursts = Soak.count(short: 2, long: 20)
      var names: Set<String> = []
      for burst in 0..<bursts {
        _ = try await recover(daemon)
        for index in 0..<20 {
          let name = "burst-\(burst)-\(index).json"
          let body = Data(#"{"prompt": "\#(name)", "frames": 1, "stages": "base"}"#.utf8)
          let answer: Submission = try ControlClient(socket: daemon.paths.control).post(
            "/v1/jobs?name=\(name)", body: body)
          names.insert(answer.request)
        }
        try await daemon.kill()
      }
      try daemon.start("--drain")
      #expect(try await daemon.exitCode() == 0)
      #expect(names.count == bursts * 20)
      for name in names { #expect(daemon.exists(name.replacing(".json", with: ".result.json")), "\(name)") }
      let store = try JobStore(path: daemon.paths.database)
      #expect(try await store.counts()[.done] == names.count)
      try await store.close()
    }
  }
}

extension DaemonProcess {
  /// The steps that an undisturbed run computes.
  static func stepCount(of workload: Workload) throws -> Int {
    let folder = "/tmp/walt-steps-\(UUID().uuidString.prefix(8))"
    try TestModel.write(to: folder, script: "{}")
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let model = try ModelDescription(name: "test", folder: folder)
    return try workload.items.reduce(0) { sum, item in
      let bytes = Array(item.json.utf8)
      let resolved = try Request(parsing: bytes).resolved(
        for: model, digest: SHA256Digest(of: bytes), account: "default")
      let steps = resolved.plan.steps.map { step in
        resolved.stages.first { TaskStage($0.name) == step.stage }?.steps ?? 1
      }
      return sum + resolved.clips.count * steps.reduce(0, +)
    }
  }
}
