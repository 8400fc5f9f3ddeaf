import ControlProtocol
import DaemonTesting
import DurableFiles
import Foundation
import JobModel
import Testing

private let request = """
  {"prompt": "a red circle moves to the left", "seed": 7, "steps": 12}
  """

private func makeDaemon() throws -> DaemonProcess {
  let daemon = try DaemonProcess(worker: TestPrograms.path("walt-worker"), makeModel: TinyModels.textToVideo)
  try daemon.drop(request, as: "cat.json")
  return daemon
}

/// What must be the same bytes however often it was interrupted.
private func published(_ daemon: DaemonProcess) throws -> [String: String] {
  let result = try JSONDocument(parsing: try DurableFile.read("\(daemon.spool)/cat.result.json")).root.value
  return [
    "mp4": try sha256(ofFile: "\(daemon.spool)/cat.mp4"), "png": try sha256(ofFile: "\(daemon.spool)/cat.png"),
    "reproducible": result["reproducible"]?.text() ?? "",
  ]
}

/// An uninterrupted run.
private let undisturbed = Task { () throws -> [String: String] in
  let daemon = try makeDaemon()
  try daemon.start("--drain")
  #expect(try await daemon.exitCode() == 0, "\(daemon.logText)")
  return try published(daemon)
}

@Suite("Programs together", .serialized, .timeLimit(.minutes(5)))
struct ResumeTests {
  @Test("a dropped prompt becomes a video, a poster and a result with weights, kernels and software")
  func whole() async throws {
    let whole = try await undisturbed.value
    for key in ["weights", "kernels", "software", "request_sha256"] {
      #expect(whole["reproducible"]?.contains("\"\(key)\"") == true)
    }
  }

  @Test(
    "kill -9 of the daemon or the worker in any stage ends with the same bytes",
    arguments: ["base", "sr1", "decode"], ["daemon", "worker", "both"])
  func killed(stage: String, victim: String) async throws {
    let daemon = try makeDaemon()
    try daemon.start()
    try await daemon.wait(for: stage) {
      guard let task = try daemon.status().devices[0].tasks.first else { return daemon.exists("cat.result.json") }
      return task.stage.rawValue == stage && (task.step >= 4 || stage == "decode") || daemon.exists("cat.result.json")
    }
    if victim != "daemon" { daemon.killWorker() }
    if victim != "worker" {
      try await daemon.kill()
      try daemon.start("--drain")
      #expect(try await daemon.exitCode() == 0, "\(daemon.logText)")
    } else {
      try await daemon.wait(for: "the result") { daemon.exists("cat.result.json") }
      #expect(try await daemon.stop() == 0)
    }
    #expect(try await published(daemon) == undisturbed.value)
    #expect(try daemon.names() == ["cat.json", "cat.mp4", "cat.png", "cat.result.json"])
  }
}
