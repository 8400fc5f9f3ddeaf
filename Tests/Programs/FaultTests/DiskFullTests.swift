import ControlProtocol
import DaemonTesting
import DurableFiles
import Foundation
import JobModel
import Testing

private let isRoot = geteuid() == 0

/// A file system of some megabytes, in memory, mounted until this value goes away.
private final class SmallDisk {
  let path: String

  init(at path: String, mebibytes: Int) throws {
    self.path = path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let end = try TestPrograms.run("/usr/bin/mount", ["-t", "tmpfs", "-o", "size=\(mebibytes)m", "tmpfs", path])
    guard end.code == 0 else { throw TestFailure("mount: \(end.errors)") }
  }

  deinit { umount2(path, Int32(MNT_DETACH)) }

  /// Takes all room that is left.
  func fill() {
    let file = open("\(path)/filler", O_CREAT | O_WRONLY | O_APPEND, 0o600)
    for size in [1 << 20, 1 << 12, 1] {
      let bytes = [UInt8](repeating: 1, count: size)
      while write(file, bytes, size) == size {}
    }
    close(file)
  }

  func empty() { unlink("\(path)/filler") }
}

extension Faults {
  @Suite(
    "A full disk", .serialized, .timeLimit(.minutes(10)), .enabled(if: isRoot, "a small file system must be mounted"))
  struct DiskFullTests {
    private func counts(_ daemon: DaemonProcess) throws -> [String: Int] {
      try daemon.status().counts.filter { $0.value > 0 }
    }

    /// - Parameter disk: `spool` or `state`, which gets a small disk of its own.
    private func makeDaemon(_ disk: String, script: String) throws -> (DaemonProcess, SmallDisk) {
      let daemon = try DaemonProcess(script: script)
      let small = try SmallDisk(at: "\(daemon.root)/\(disk)", mebibytes: 8)
      try daemon.setDiskLimits()
      return (daemon, small)
    }

    @Test(
      "at every place where something is written: held, cancelling works, and it goes on by itself to the same bytes",
      arguments: ["spool", "state"], [("text", 0), ("base", 1), ("base", 4), ("sr1", 3), ("decode", 0)])
    func full(disk: String, place: (String, Int)) async throws {
      let (stage, step) = place
      let undisturbed = try DaemonProcess()
      try undisturbed.drop(#"{"prompt": "a red circle", "seed": 7}"#, as: "circle.json")
      try undisturbed.start("--drain")
      #expect(try await undisturbed.exitCode() == 0)

      let (daemon, small) = try makeDaemon(
        disk, script: #"{"waits":[{"task":"\#(stage)","step":\#(step),"attempts":1}]}"#)
      try daemon.drop(#"{"prompt": "a red circle", "seed": 7}"#, as: "circle.json")
      try daemon.start()
      try await daemon.wait(for: "\(stage) \(step)") {
        guard let task = try daemon.status().devices[0].tasks.first else { return false }
        return task.stage.rawValue == stage && task.step == step
      }
      try daemon.drop(#"{"prompt": "another"}"#, as: "other.json")
      try await daemon.wait(for: "the other job") { try counts(daemon)["queued"] == 1 }
      small.fill()
      try daemon.rescript("{}")
      try await daemon.wait(for: "held jobs") { try counts(daemon) == ["held": 2] }
      let status = try daemon.waltctl("status").output
      #expect(status.contains("paused   disk full"))
      #expect(try daemon.waltctl("status", "1").output.contains("state     held: disk full"))
      let cancelled = try daemon.waltctl("cancel", "2")
      #expect(cancelled.code == 0, "\(cancelled)")
      #expect(try daemon.names().allSatisfy { !$0.hasSuffix(".mp4") && !$0.hasPrefix("circle.result") })
      small.empty()
      try await daemon.wait(for: "the end") {
        guard daemon.exists("other.result.json") else { return false }
        return try counts(daemon) == ["done": 1, "cancelled": 1]
      }
      #expect(try await daemon.stop() == 0)
      #expect(try daemon.published("circle") == (try undisturbed.published("circle")))
      #expect(daemon.strays().isEmpty, "\(daemon.strays())")
    }

    @Test("on a full disk the service starts, and requests that are dropped later are taken when there is room")
    func startsFull() async throws {
      let (daemon, small) = try makeDaemon("state", script: "{}")
      try daemon.start("--drain")
      #expect(try await daemon.exitCode() == 0)
      small.fill()
      try daemon.drop(#"{"prompt": "a red circle", "frames": 1}"#, as: "circle.json")
      try daemon.start()
      try await daemon.wait(for: "an answer") { try daemon.status().paused == "disk full" }
      small.empty()
      try await daemon.wait(for: "the result") { daemon.exists("circle.result.json") }
      #expect(try await daemon.stop() == 0)
    }
  }
}
