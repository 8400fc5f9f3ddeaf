import ControlCommands
import ControlProtocol
import DaemonTesting
import DurableFiles
import Foundation
import JobModel
import Testing

@testable import DaemonServices

private let batch = """
  {"prompt": "a", "custom_id": "first"}
  {"prompt": "b", "sede": 1}

  {"prompt": "a {x}", "vary": {"x": ["cat", "dog"]}, "seed": 5, "custom_id": "second"}
  {"prompt": "c", "custom_id": "first"}
  {"prompt": "d", "frames": 1}

  """

@Suite("Batches", .serialized, .timeLimit(.minutes(2)))
struct BatchTests {
  @Test("good lines run and are published in a folder, bad ones are told of with their numbers")
  func lines() async throws {
    let daemon = try DaemonProcess()
    try daemon.drop(batch, as: "cats.jsonl")
    try daemon.start("--drain")
    #expect(try await daemon.exitCode() == 1)
    #expect(try daemon.names() == ["cats", "cats.error.json", "cats.jsonl", "cats.result.json"])
    #expect(
      try Folder(daemon.spool + "/cats").names().sorted() == [
        ".walt", "000001.mp4", "000001.png", "000001.result.json", "000004", "000004.result.json", "000006.png",
        "000006.result.json", "metadata.jsonl",
      ])
    let error = try document(daemon, "cats.error.json")
    #expect(error["lines"]?.arrayValue?.compactMap { $0["line"]?.integerValue } == [2, 5])
    #expect(error["lines"]?.arrayValue?.compactMap { $0["error"]?.stringValue } == ["unknown_key", "conflict"])
    let metadata = try daemon.read("cats/metadata.jsonl").split(separator: "\n").map {
      try JSONDocument(parsing: Array($0.utf8)).root.value
    }
    #expect(
      metadata.compactMap { $0["file_name"]?.stringValue } == [
        "000001.mp4", "000004/000000.mp4", "000004/000001.mp4", "000006.png",
      ])
    #expect(metadata.compactMap { $0["prompt"]?.stringValue } == ["a", "a cat", "a dog", "d"])
    #expect(metadata.compactMap { $0["custom_id"]?.stringValue } == ["first", "second", "second"])
    let result = try document(daemon, "cats.result.json")
    #expect(result["reproducible"]?["state"]?.stringValue == "failed")
    #expect(result["run"]?["message"]?.stringValue == "not every line is done: 2 refused")
  }

  @Test("what a line's result says was asked for gives the same video when it is dropped alone")
  func alone() async throws {
    let daemon = try DaemonProcess()
    try daemon.drop("{\"prompt\": \"a\"}\n", as: "cats.jsonl")
    try daemon.start("--drain")
    #expect(try await daemon.exitCode() == 0)
    let request = try #require(try document(daemon, "cats/000001.result.json")["reproducible"]?["request"])
    try daemon.drop(request.text(), as: "alone.json")
    try daemon.start("--drain")
    #expect(try await daemon.exitCode() == 0)
    #expect(try daemon.read("alone.mp4") == daemon.read("cats/000001.mp4"))
    #expect(!daemon.exists("cats.error.json"))
  }

  @Test("a changed batch starts over: its folder and result are the new ones'")
  func changed() async throws {
    let daemon = try DaemonProcess()
    try daemon.drop("{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}\n", as: "cats.jsonl")
    try daemon.start("--drain")
    #expect(try await daemon.exitCode() == 0)
    try daemon.drop("{\"prompt\": \"c\"}\n", as: "cats.jsonl")
    try daemon.start("--drain")
    #expect(try await daemon.exitCode() == 0)
    #expect(
      try Folder(daemon.spool + "/cats").names().sorted() == [
        ".walt", "000001.mp4", "000001.png", "000001.result.json", "metadata.jsonl",
      ])
    #expect(try document(daemon, "cats.result.json")["reproducible"]?["lines"]?.arrayValue?.count == 1)
  }

  @Test("cancelling a batch ends its lines, and its result says which were done")
  func cancel() async throws {
    let daemon = try DaemonProcess(script: #"{"waits":[{"task":"base","step":1,"attempts":9}]}"#)
    try daemon.drop("{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}\n", as: "cats.jsonl")
    try daemon.start()
    try await daemon.wait(for: "the base") { try daemon.status().devices[0].tasks.first?.stage == .base }
    let change: JobChange = try ControlClient(socket: daemon.paths.control).post("/v1/jobs/1/cancel")
    #expect(change.state == .cancelled)
    try await daemon.wait(for: "the result") { daemon.exists("cats.result.json") }
    #expect(try await daemon.stop() == 0)
    let result = try document(daemon, "cats.result.json")
    #expect(result["reproducible"]?["state"]?.stringValue == "cancelled")
    #expect(
      result["reproducible"]?["lines"]?.arrayValue?.compactMap { $0["state"]?.stringValue }
        == ["cancelled", "cancelled"])
  }

  @Test("kill -9 of the daemon anywhere in a batch: every line ends once, with the same bytes")
  func killed() async throws {
    let lines = (0..<6).map { "{\"prompt\": \"\($0)\"}\n" }.joined()
    let undisturbed = try DaemonProcess()
    try undisturbed.drop(lines, as: "cats.jsonl")
    try undisturbed.start("--drain")
    #expect(try await undisturbed.exitCode() == 0)
    let daemon = try DaemonProcess(script: #"{"step_milliseconds": 2}"#)
    try daemon.drop(lines, as: "cats.jsonl")
    for line in [1, 2, 4, 5] {
      try daemon.start()
      try await daemon.wait(for: "line \(line)") { daemon.exists("cats/00000\(line).mp4") }
      try await daemon.kill()
    }
    try daemon.start("--drain")
    #expect(try await daemon.exitCode() == 0)
    #expect(try daemon.names() == undisturbed.names())
    #expect(
      try Folder(daemon.spool + "/cats").names().sorted() == Folder(undisturbed.spool + "/cats").names().sorted())
    for name in ["000001.mp4", "000006.mp4", "000003.png", "metadata.jsonl"] {
      #expect(try daemon.read("cats/\(name)") == undisturbed.read("cats/\(name)"), "\(name)")
    }
  }

  private func document(_ daemon: DaemonProcess, _ name: String) throws -> JSONValue {
    try JSONDocument(parsing: Array(daemon.read(name).utf8)).root.value
  }
}
