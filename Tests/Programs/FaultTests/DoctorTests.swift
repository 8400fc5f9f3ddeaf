import ControlProtocol
import DaemonTesting
import DurableFiles
import Foundation
import JobModel
import JobStore
import Testing

private let slow = #"{"prompt": "a red circle", "seed": 7}"#

extension DaemonProcess {
  fileprivate func doctor(_ arguments: String...) throws -> ProgramEnd {
    try TestPrograms.run("waltctl", ["doctor", "--config", configuration.path] + arguments)
  }

  fileprivate func job(_ stem: String) throws -> Int64? {
    try JSONDocument(parsing: DurableFile.read("\(spool)/\(stem).result.json")).root.value["run"]?["job"]?.integerValue
  }
}

/// A daemon, killed, that has jobs in every state: done, done in a folder, failed, cancelled, at the third step of its
/// base, and waiting.
private func everyState() async throws -> DaemonProcess {
  let daemon = try DaemonProcess()
  try daemon.drop(#"{"prompt": "a", "frames": 1}"#, as: "done.json")
  try daemon.drop(#"{"prompt": "a", "samples": 2, "seed": 5}"#, as: "pair.json")
  try daemon.start("--drain")
  #expect(try await daemon.exitCode() == 0)
  try daemon.rescript(#"{"accidents":[{"task":"base","step":2,"attempts":9,"kind":"request"}]}"#)
  try daemon.drop(#"{"prompt": "f"}"#, as: "failed.json")
  try daemon.start("--drain")
  #expect(try await daemon.exitCode() == 1)
  try daemon.rescript(#"{"waits":[{"task":"base","step":3,"attempts":1}]}"#)
  try daemon.start()
  try daemon.drop(slow, as: "begun.json")
  try await daemon.wait(for: "the third step") { try daemon.status().devices[0].tasks.first?.step == 3 }
  try daemon.drop(#"{"prompt": "w", "frames": 1}"#, as: "waiting.json")
  try daemon.drop(#"{"prompt": "c"}"#, as: "cancelled.json")
  try await daemon.wait(for: "the last job") { try daemon.status().count(.queued) == 2 }
  let job = try #require(try daemon.status().jobs.first { $0.request == "cancelled.json" }?.id)
  #expect(try daemon.waltctl("cancel", "\(job)").code == 0)
  try await daemon.wait(for: "the announcement") { daemon.exists("cancelled.result.json") }
  try await daemon.kill()
  try await daemon.wait(for: "the worker's end") {
    try Folder("\(daemon.root)/state/tasks").names().contains { task in
      DurableFile.exists("\(daemon.root)/state/tasks/\(task)/attempt-1/result.json")
        && task != "0" && (try? daemon.lastResult(task))?.contains("yielded") == true
    }
  }
  return daemon
}

extension DaemonProcess {
  fileprivate func lastResult(_ task: String) throws -> String {
    String(decoding: try DurableFile.read("\(root)/state/tasks/\(task)/attempt-1/result.json"), as: UTF8.self)
  }
}

extension Faults {
  @Suite("doctor", .serialized, .timeLimit(.minutes(10)))
  struct DoctorTests {
    @Test("a lost database is made anew from spool, results and checkpoints: every job of it, under its number")
    func rebuild() async throws {
      let undisturbed = try DaemonProcess()
      try undisturbed.drop(slow, as: "begun.json")
      try undisturbed.start("--drain")
      #expect(try await undisturbed.exitCode() == 0)

      let daemon = try await everyState()
      let before = try ["done", "pair", "failed", "cancelled"].map { try daemon.read("\($0).result.json") }
      for suffix in ["", "-wal", "-shm"] { unlink(daemon.paths.database + suffix) }
      let found = try daemon.doctor()
      #expect(found.code == 1 && found.output.contains("is lost; waltctl doctor --rebuild"), "\(found)")
      let rebuilt = try daemon.doctor("--rebuild")
      #expect(rebuilt.code == 0 && rebuilt.errors.isEmpty, "\(rebuilt)")
      #expect(
        rebuilt.lines.last == "rebuilt: 4 finished jobs, 1 that go on, 1 requests to be taken as new; start waltd")
      #expect(try daemon.doctor().output == "nothing is wrong\n")

      try daemon.rescript("{}")
      try daemon.start("--drain")
      #expect(try await daemon.exitCode() == 1, "the failed job is still failed")
      #expect(try ["done", "pair", "failed", "cancelled"].map { try daemon.read("\($0).result.json") } == before)
      #expect(try daemon.published("begun") == undisturbed.published("begun"))
      #expect(try daemon.read("begun.result.json").contains("\"resumptions\": 1"))
      #expect(try daemon.job("begun") == 4)
      #expect(daemon.exists("waiting.result.json"))

      try await daemon.startAndAnswer()
      #expect(try daemon.doctor().code == 75)
      #expect(try daemon.waltctl("retry", "3").code == 0)
      #expect(try daemon.waltctl("wait", "3").code == 0)
      let list = try daemon.waltctl("list", "--json").output
      for name in ["done", "pair", "failed", "begun", "waiting", "cancelled"] { #expect(list.contains("\(name).json")) }
      #expect(try await daemon.stop() == 0)
    }

    @Test("lost outputs and damaged requests are found, and an output that is lost is made again by a rebuild")
    func lostOutput() async throws {
      let daemon = try await everyState()
      try DurableFile.replace("\(daemon.spool)/pair/000001.mp4", with: "damaged")
      let found = try daemon.doctor()
      #expect(found.code == 1 && found.output.contains("output: pair/000001.mp4: lost or changed"), "\(found)")
      let rebuilt = try daemon.doctor("--rebuild")
      #expect(rebuilt.code == 0 && rebuilt.output.contains("pair/000001.mp4 lost or changed; the job is done again"))
      #expect(rebuilt.output.contains("the old database is"))
    }

    @Test("damaged checkpoints, journals and weights are found, each with its name")
    func attemptsAndModels() async throws {
      let daemon = try await everyState()
      let task = try #require(
        try Folder("\(daemon.root)/state/tasks").names().first {
          (try? daemon.lastResult($0))?.contains("yielded") == true
        })
      let folder = try Folder("\(daemon.root)/state/tasks/\(task)/attempt-1")
      let checkpoint = try #require(try folder.names().filter { $0.hasPrefix("checkpoint-") }.max())
      try folder.replace(checkpoint, with: Array("damaged".utf8))
      let events = folder.pathOf("events.jsonl")
      try Data((try DurableFile.read(events)) + Array("{\"event\": \n".utf8)).write(to: URL(filePath: events))
      let weights = "\(daemon.root)/model/base/model.safetensors"
      let head = #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#
      try DurableFile.replace(
        weights, with: [UInt8(head.utf8.count), 0, 0, 0, 0, 0, 0, 0] + Array(head.utf8) + [1, 2])
      let found = try daemon.doctor()
      #expect(found.code == 1)
      for part in ["events.jsonl: ", "model.safetensors: is 65 bytes, its head says 79"] {
        #expect(found.output.contains(part), "\(part) in \(found.output)")
      }
      try DurableFile.replace("\(daemon.root)/model/SHA256SUMS", with: "\(sha256(of: [1]))  base/model.safetensors\n")
      #expect(try daemon.doctor().output.contains("base/model.safetensors: is not what SHA256SUMS says"))
    }

    @Test("a batch comes back with every line: those that are done, the one that had begun, those that waited")
    func batches() async throws {
      let lines = (0..<5).map { "{\"prompt\": \"line \($0)\", \"custom_id\": \"c\($0)\"}\n" }.joined()
      let undisturbed = try DaemonProcess()
      try undisturbed.drop(lines, as: "batch.jsonl")
      try undisturbed.start("--drain")
      #expect(try await undisturbed.exitCode() == 0)

      let daemon = try DaemonProcess(script: #"{"waits":[{"task":"sr1","step":3,"attempts":1}]}"#)
      try daemon.drop("{\"prompt\": \"whole\", \"stages\": \"base\"}\n", as: "whole.jsonl")
      try daemon.start("--drain")
      #expect(try await daemon.exitCode() == 0)
      let whole = try daemon.read("whole.result.json")
      let others = lines.replacing("\"line 0\"", with: "\"line 0\", \"stages\": \"base\"")
      try daemon.drop(others, as: "batch.jsonl")
      try daemon.start()
      try await daemon.wait(for: "the second line") {
        try daemon.exists("batch/000001.result.json")
          && daemon.status().devices[0].tasks.first { $0.stage == .sr1 }?.step == 3
      }
      let worker = try daemon.workerPID()
      try await daemon.kill()
      try await daemon.wait(for: "the worker's end") { worker.map { kill($0, 0) != 0 } ?? true }
      for suffix in ["", "-wal", "-shm"] { unlink(daemon.paths.database + suffix) }
      let rebuilt = try daemon.doctor("--rebuild")
      #expect(
        rebuilt.lines.last == "rebuilt: 3 finished jobs, 5 that go on, 0 requests to be taken as new; start waltd",
        "\(rebuilt)")
      #expect(try daemon.doctor().output == "nothing is wrong\n")
      try daemon.rescript("{}")
      try daemon.start("--drain")
      #expect(try await daemon.exitCode() == 0, "\(daemon.logText)")
      #expect(try daemon.read("whole.result.json") == whole)
      for line in 2...5 {
        #expect(try daemon.published("batch/00000\(line)") == undisturbed.published("batch/00000\(line)"))
      }
      #expect(try daemon.read("batch/000002.result.json").contains("\"resumptions\": 1"))
      let store = try JobStore(path: daemon.paths.database)
      #expect(try await store.usage(since: nil).first { $0.measure == "clips" }?.amount == 6)
      #expect(try await store.usage(since: nil).first { $0.measure == "cpu_seconds" }?.amount ?? 0 > 0)
      try await store.close()
    }
  }
}
