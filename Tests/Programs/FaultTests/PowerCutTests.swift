import ControlProtocol
import DaemonTesting
import DurableFiles
import Foundation
import JobModel
import Testing

/// What happened to the images of one run.
private struct Losses {
  var images = 0
  /// Images in which an acknowledged request, or a finished job, is not what it was.
  var losses: [String] = []
}

extension Faults {
  @Suite(
    "A power cut", .serialized, .timeLimit(.minutes(60)),
    .enabled(if: CrashDisk.obstacle == nil, "\(CrashDisk.obstacle ?? "")"))
  struct PowerCutTests {
    @Test("at random instants nothing acknowledged is lost, and every image ends with the same bytes")
    func images() async throws {
      let outcome = try await cut(times: Soak.count(short: 4, long: 200), dropsSync: false)
      print("\(outcome.images) images, \(outcome.losses.count) with losses")
      #expect(outcome.losses.isEmpty)
    }

    @Test("the same without fsync loses: the test would notice")
    func withoutSync() async throws {
      // Another process's sync can save an image: until the first loss, then.
      let outcome = try await cut(times: Soak.count(short: 12, long: 20), dropsSync: true, untilLoss: !Soak.isLong)
      print("without fsync: \(outcome.images) images, \(outcome.losses.count) with losses")
      #expect(!outcome.losses.isEmpty)
    }

    /// Runs a daemon on a disk, takes images of it at random instants, and lets another daemon recover each.
    private func cut(times: Int, dropsSync: Bool, untilLoss: Bool = false) async throws -> Losses {
      var random = SeededRandom(stream: dropsSync ? 8 : 9)
      let workload = Workload(count: max(8, times), random: &random)
      let undisturbed = try await workload.undisturbed()
      let disk = try CrashDisk()
      let daemon = try DaemonProcess(worker: TestPrograms.path("scripted-worker"), root: "\(disk.path)/walt") {
        try TestModel.write(to: $0, script: #"{"step_milliseconds": 4}"#)
      }
      try daemon.setDiskLimits()
      sync()
      daemon.inject(dropsSync ? ["WALT_FAULT_NO_SYNC": "1"] : [:])
      // The worker's files too.
      daemon.environment["WALT_FAULT_PROGRAM"] = nil
      try daemon.start()
      var outcome = Losses()
      var submitted = 0
      for image in 1...times where !untilLoss || outcome.losses.isEmpty {
        let share = workload.items.count * image / times
        for item in workload.items[submitted..<share] { try submit(item, to: daemon, durably: !dropsSync) }
        submitted = share
        try await Task.sleep(for: .milliseconds(Int.random(in: 20...400, using: &random)))
        let acknowledged = workload.items.prefix(submitted)
        let finished = acknowledged.filter { daemon.exists("\($0.stem).result.json") }
        try await disk.withImage { place in
          outcome.images += 1
          let loss = try await recover("\(place)/walt", acknowledged, finished, like: undisturbed)
          if let loss { outcome.losses.append(loss) }
        }
      }
      try await daemon.kill()
      return outcome
    }

    private func submit(_ item: Workload.Item, to daemon: DaemonProcess, durably: Bool) throws {
      if durably { return try daemon.submit(item) }
      let path = "\(daemon.spool)/\(item.stem).json"
      try FileManager.default.createDirectory(
        atPath: path.folderAndName.folder, withIntermediateDirectories: true)
      try Data(item.json.utf8).write(to: URL(filePath: path))
    }

    /// Lets a daemon bring an image to its end.
    ///
    /// - Returns: what was lost; nil: nothing.
    private func recover(
      _ root: String, _ acknowledged: ArraySlice<Workload.Item>, _ finished: [Workload.Item],
      like undisturbed: [String: [String: String]]
    ) async throws -> String? {
      for item in acknowledged where !DurableFile.exists("\(root)/spool/\(item.stem).json") {
        return "request \(item.stem) is lost"
      }
      for item in finished where !DurableFile.exists("\(root)/spool/\(item.stem).result.json") {
        return "result \(item.stem) is lost"
      }
      let end = try TestPrograms.run(
        TestPrograms.path("waltd"),
        ["--config", "\(root)/waltd.toml", "--drain", "--spool", "\(root)/spool", "--state", "\(root)/state"])
      guard end.code == 0 else { return "waltd ended with \(end.code): \(end.errors.suffix(1000))" }
      for item in acknowledged {
        let found = try? DaemonProcess.published(item.stem, spool: "\(root)/spool")
        if found != undisturbed[item.stem] { return "outputs of \(item.stem) differ" }
      }
      return nil
    }
  }
}
