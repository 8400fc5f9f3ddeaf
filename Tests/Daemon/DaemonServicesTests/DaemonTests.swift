import ControlCommands
import ControlProtocol
import DaemonTesting
import DurableFiles
import Foundation
import JobModel
import Testing

@testable import DaemonServices

private let circle = #"{"prompt": "a red circle", "seed": 7}"#

/// What an undisturbed run of `circle.json` publishes, without the part that differs from run to run.
private let undisturbed = Task { () throws -> [String: String] in
  let daemon = try DaemonProcess()
  try daemon.drop(circle, as: "circle.json")
  try daemon.start("--drain")
  #expect(try await daemon.exitCode() == 0)
  return try published(daemon)
}

private func published(_ daemon: DaemonProcess) throws -> [String: String] {
  let result = try JSONDocument(parsing: Array(daemon.read("circle.result.json").utf8)).root.value
  return [
    "mp4": try daemon.read("circle.mp4"), "png": try daemon.read("circle.png"),
    "reproducible": result["reproducible"]?.text() ?? "",
  ]
}

@Suite("Daemon", .serialized, .timeLimit(.minutes(3)))
struct DaemonTests {
  @Test("a dropped request gets its video, its poster and last its result beside it; drained, the daemon ends with 0")
  func drop() async throws {
    let daemon = try DaemonProcess()
    try daemon.drop(circle, as: "circle.json")
    try daemon.start("--drain")
    #expect(try await daemon.exitCode() == 0)
    #expect(try daemon.names() == ["circle.json", "circle.mp4", "circle.png", "circle.result.json"])
    #expect(try daemon.read("circle.result.json").contains("\"state\": \"done\""))
    #expect(try Folder(daemon.root + "/state/tasks").names().isEmpty)
  }

  @Test("an image is a PNG, several clips are a folder with metadata.jsonl")
  func shapes() async throws {
    let daemon = try DaemonProcess()
    try daemon.drop(#"{"prompt": "a", "frames": 1}"#, as: "image.json")
    try daemon.drop(#"{"prompt": "b", "samples": 2, "seed": 5}"#, as: "pair.json")
    try daemon.start("--drain")
    #expect(try await daemon.exitCode() == 0)
    #expect(
      try daemon.names()
        == ["image.json", "image.png", "image.result.json", "pair", "pair.json", "pair.result.json"])
    #expect(
      try Folder(daemon.spool + "/pair").names().sorted() == [".walt", "000000.mp4", "000001.mp4", "metadata.jsonl"])
    #expect(try daemon.read("pair/metadata.jsonl").hasPrefix(#"{"file_name": "000000.mp4""#))
  }

  @Test("a file that is in the way of an output is named in the error file and left alone")
  func inTheWay() async throws {
    let daemon = try DaemonProcess()
    try daemon.drop("my own film", as: "circle.mp4")
    try daemon.drop(circle, as: "circle.json")
    try daemon.start("--drain")
    #expect(try await daemon.exitCode() == 1)
    #expect(try daemon.names() == ["circle.error.json", "circle.json", "circle.mp4"])
    #expect(try daemon.read("circle.error.json").contains("name_taken"))
    #expect(try daemon.read("circle.mp4") == "my own film")
  }

  @Test("a request changed after it was done is made anew, and replaces what it made before")
  func changedAfterDone() async throws {
    let daemon = try DaemonProcess()
    try daemon.drop(circle, as: "circle.json")
    try daemon.start("--drain")
    #expect(try await daemon.exitCode() == 0)
    let first = try published(daemon)
    try daemon.drop(#"{"prompt": "a blue square", "seed": 8, "output": {"poster": false}}"#, as: "circle.json")
    try daemon.start("--drain")
    #expect(try await daemon.exitCode() == 0)
    #expect(try daemon.names() == ["circle.json", "circle.mp4", "circle.result.json"])
    #expect(try daemon.read("circle.mp4") != first["mp4"])
  }

  @Test("a running daemon sees what is dropped; a bad request gets its error file and stays")
  func errors() async throws {
    let daemon = try DaemonProcess()
    try daemon.start()
    try await daemon.wait(for: "the control socket") { try daemon.status().version == Software.version }
    try daemon.drop(#"{"prompt": "a", "sede": 3}"#, as: "bad.json")
    try daemon.drop(circle, as: "circle.json")
    try await daemon.wait(for: "both answers") {
      daemon.exists("bad.error.json") && daemon.exists("circle.result.json")
    }
    #expect(try daemon.read("bad.error.json").contains(#"did you mean \"seed\"?"#))
    // Corrected, it is a new request, and its error file goes.
    try daemon.drop(#"{"prompt": "a", "seed": 3}"#, as: "bad.json")
    try await daemon.wait(for: "the corrected request") { daemon.exists("bad.result.json") }
    #expect(!daemon.exists("bad.error.json"))
    #expect(try await daemon.stop() == 0)
  }

  @Test("draining ends with 1 where a job has failed, and its result says why")
  func failure() async throws {
    let daemon = try DaemonProcess(
      script: #"{"accidents":[{"task":"base","step":0,"attempts":9,"kind":"request"}]}"#)
    try daemon.drop(circle, as: "circle.json")
    try daemon.start("--drain")
    #expect(try await daemon.exitCode() == 1)
    #expect(try daemon.names() == ["circle.json", "circle.result.json"])
    #expect(try daemon.read("circle.result.json").contains("scripted failure at step 0"))
  }

  @Test("a request that kills its worker fails, and draining goes on with the others")
  func poison() async throws {
    let daemon = try DaemonProcess(script: #"{"accidents":[{"task":"base","step":1,"attempts":99,"seed":666}]}"#)
    try daemon.drop(#"{"prompt": "a", "seed": 666, "priority": 90}"#, as: "poison.json")
    for name in ["b", "c"] { try daemon.drop("{\"prompt\": \"\(name)\"}", as: "\(name).json") }
    try daemon.start("--drain")
    #expect(try await daemon.exitCode() == 1)
    #expect(daemon.exists("b.result.json") && daemon.exists("c.result.json"), "\(daemon.logText)")
    #expect(try daemon.read("poison.result.json").contains("at base"))
  }

  @Test("draining is given up where the worker does not start")
  func noWorker() async throws {
    let daemon = try DaemonProcess(worker: "/bin/false") { try TestModel.write(to: $0, script: "{}") }
    try daemon.drop(circle, as: "circle.json")
    try daemon.start("--drain")
    #expect(try await daemon.exitCode() == 1)
    #expect(daemon.logText.contains("draining given up"))
  }

  @Test("a cancelled job leaves its request and a result that says so; removing a request cancels quietly")
  func cancel() async throws {
    let daemon = try DaemonProcess(script: #"{"waits":[{"task":"base","step":1,"attempts":9}]}"#)
    try daemon.drop(circle, as: "circle.json")
    try daemon.start()
    try await daemon.wait(for: "the base") { try daemon.status().devices[0].tasks.first?.stage == .base }
    let change: JobChange = try ControlClient(socket: daemon.paths.control).post("/v1/jobs/1/cancel")
    #expect(change.state == .cancelled)
    try await daemon.wait(for: "the result") { daemon.exists("circle.result.json") }
    #expect(try daemon.names() == ["circle.json", "circle.result.json"])
    #expect(try daemon.read("circle.result.json").contains("\"state\": \"cancelled\""))
    #expect(throws: ControlError.self) {
      let _: JobChange = try ControlClient(socket: daemon.paths.control).post("/v1/jobs/1/cancel")
    }
    try daemon.drop(#"{"prompt": "b"}"#, as: "b.json")
    try await daemon.wait(for: "the second base") {
      let task = try daemon.status().devices[0].tasks.first
      return task?.job == JobID(2) && task?.stage == .base
    }
    unlink("\(daemon.spool)/b.json")
    try await daemon.wait(for: "the cancellation") { try daemon.status().count(.cancelled) == 2 }
    #expect(try await daemon.stop() == 0)
    #expect(try daemon.names() == ["circle.json", "circle.result.json"])
  }

  @Test(
    "kill -9 of the daemon in any stage, then a restart: the same bytes, each published once",
    arguments: [("text", 0), ("base", 1), ("base", 5), ("sr1", 0), ("sr1", 3), ("decode", 0)])
  func killedDaemon(stage: String, step: Int) async throws {
    let daemon = try DaemonProcess(
      script: #"{"waits":[{"task":"\#(stage)","step":\#(step),"attempts":1}]}"#)
    try daemon.drop(circle, as: "circle.json")
    try daemon.start()
    try await daemon.wait(for: "\(stage) \(step)") {
      guard let task = try daemon.status().devices[0].tasks.first else { return false }
      return task.stage.rawValue == stage && task.step == step
    }
    try await daemon.kill()
    try daemon.start("--drain")
    #expect(try await daemon.exitCode() == 0)
    #expect(try await published(daemon) == undisturbed.value)
    #expect(try daemon.names() == ["circle.json", "circle.mp4", "circle.png", "circle.result.json"])
    let result = try JSONDocument(parsing: Array(daemon.read("circle.result.json").utf8)).root.value
    #expect(result["run"]?["resumptions"]?.integerValue == (step > 0 ? 1 : 0))
  }

  @Test("kill -9 of the worker, and of daemon and worker together, cost no byte")
  func killedWorker() async throws {
    let daemon = try DaemonProcess(
      script: #"{"waits":[{"task":"base","step":2,"attempts":1},{"task":"sr1","step":4,"attempts":1}]}"#)
    try daemon.drop(circle, as: "circle.json")
    try daemon.start()
    func isAt(_ stage: TaskStage, _ step: Int) throws -> Bool {
      guard let task = try daemon.status().devices[0].tasks.first else { return false }
      return task.stage == stage && task.step == step
    }
    try await daemon.wait(for: "base 2") { try isAt(.base, 2) }
    daemon.killWorker()
    try await daemon.wait(for: "sr1 4") { try isAt(.sr1, 4) }
    daemon.killWorker()
    try await daemon.kill()
    try daemon.start("--drain")
    #expect(try await daemon.exitCode() == 0)
    #expect(try await published(daemon) == undisturbed.value)
  }

  @Test("a second daemon on the same state folder is refused; with the daemon down its status can still be read")
  func second() async throws {
    let daemon = try DaemonProcess()
    try daemon.drop(circle, as: "circle.json")
    try daemon.start()
    try await daemon.wait(for: "the result") { daemon.exists("circle.result.json") }
    try await daemon.wait(for: "the status") { try daemon.status().count(.done) == 1 }
    #expect(try StatusSource(paths: daemon.paths).read().isLive)
    #expect(try await daemon.stop() == 0)
    let (status, isLive) = try StatusSource(paths: daemon.paths).read()
    #expect(!isLive && status.count(.done) == 1 && status.jobs.map(\.request) == ["circle.json"])
    // The same again after a restart: nothing happens.
    let result = try daemon.read("circle.result.json")
    try daemon.start("--drain")
    #expect(try await daemon.exitCode() == 0)
    #expect(try daemon.read("circle.result.json") == result)
  }
}
