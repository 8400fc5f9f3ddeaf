import ArgumentParser
import ControlProtocol
import DurableFiles
import Foundation
import JobModel
import Testing

@testable import ControlCommands

private func job(_ id: Int64, _ request: String, _ state: JobState, reason: String? = nil) -> JobSummary {
  JobSummary(
    id: JobID(id), request: request, state: state, reason: reason, priority: 50, account: "default", model: "demo",
    clipCount: 1, tasksDone: 1, taskCount: 5, created: Date(timeIntervalSince1970: 0), finished: nil)
}

private func status(_ jobs: [JobSummary], tasks: [TaskProgress] = []) -> ServiceStatus {
  let counts = Dictionary(grouping: jobs, by: \.state.rawValue).mapValues(\.count)
  return ServiceStatus(
    version: "1", pid: 1, started: Date(timeIntervalSince1970: 0), updated: Date(timeIntervalSince1970: 0),
    spool: "/spool", paused: nil, counts: counts,
    devices: [
      DeviceStatus(
        name: "cpu0", threadCount: 2, memoryByteCount: 1 << 30, worker: tasks.isEmpty ? .idle : .running, pid: 2,
        tasks: tasks)
    ], models: [], jobs: jobs)
}

private func folders() throws -> (root: String, paths: [String]) {
  let root = "/tmp/walt-control-\(UUID().uuidString.prefix(8))"
  for name in ["spool", "state"] { try DurableFile.makeFolder("\(root)/\(name)") }
  return (root, ["--spool", "\(root)/spool", "--state", "\(root)/state"])
}

/// Runs a command as `waltctl` would; its exit code.
private func waltctl(_ arguments: [String]) -> Int32 {
  do {
    var command = try WaltctlCommand.parseAsRoot(arguments)
    try command.run()
    return 0
  } catch {
    return WaltctlCommand.exitCode(for: error).rawValue
  }
}

@Suite("waltctl")
struct ControlCommandsTests {
  @Test("a status reads as lines: counts, devices with what they compute, jobs that are not finished")
  func statusLines() {
    let tasks = [TaskProgress(job: JobID(2), clip: 0, stage: .base, chunk: 0, step: 3, of: 50)]
    let text = StatusText.lines(
      status([job(1, "a.json", .done), job(2, "cats/b.json", .running)], tasks: tasks), isLive: true, now: .now)
    #expect(text.first == "jobs     1 running, 1 done")
    #expect(text.contains("device   cpu0 (2 threads, 1024 MiB) running: job 2 base 3/50"))
    #expect(text.last == "2    running  50        1/5    cats/b.json")
  }

  @Test("a status that a stopped daemon left says how old it is")
  func staleStatus() {
    let text = StatusText.lines(status([]), isLive: false, now: Date(timeIntervalSince1970: 7300))
    #expect(text.first == "waltd does not answer; this is what it wrote down 2 h ago")
  }

  @Test("waiting tells each change once, follows the newest job of a request, and ends when all are final")
  func watcher() {
    var watcher = RequestWatcher(requests: ["a.json", "b.json"])
    #expect(watcher.update(status([])) == RequestWatcher.News())
    let running = status(
      [job(1, "a.json", .failed, reason: "old"), job(3, "a.json", .running), job(2, "b.json", .queued)],
      tasks: [TaskProgress(job: JobID(3), clip: 0, stage: .sr1, chunk: 0, step: 1, of: 9)])
    let news = watcher.update(running)
    #expect(news.lines == ["a.json: running", "b.json: queued"])
    #expect(news.progress == "[0/2] a.json sr1 1/9")
    #expect(watcher.update(running).lines.isEmpty)
    #expect(!watcher.isFinished)
    let end = status([job(3, "a.json", .done), job(2, "b.json", .rejected, reason: "line 1: no")])
    #expect(watcher.update(end).lines == ["a.json: done", "b.json: rejected, line 1: no"])
    #expect(watcher.isFinished && !watcher.isAllDone)
  }

  @Test("submitting puts a checked request into the spool, and refuses to replace one unless told to")
  func submit() throws {
    let (root, paths) = try folders()
    defer { try? FileManager.default.removeItem(atPath: root) }
    let file = "\(root)/cat.json"
    try Data(#"{"prompt": "a cat"}"#.utf8).write(to: URL(filePath: file))
    #expect(waltctl(["submit", file, "--into", "cats"] + paths) == 0)
    #expect(try DurableFile.read("\(root)/spool/cats/cat.json") == Array(#"{"prompt": "a cat"}"#.utf8))
    #expect(waltctl(["submit", file, "--into", "cats"] + paths) == 75)
    #expect(waltctl(["submit", file, "--into", "cats", "--replace"] + paths) == 0)
    #expect(waltctl(["submit", file, "--into", "../out"] + paths) == 65)
    #expect(waltctl(["submit", "\(root)/dog.json"] + paths) == 66)
    try Data(#"{"promt": "a cat"}"#.utf8).write(to: URL(filePath: file))
    #expect(waltctl(["submit", file] + paths) == 65)
    #expect(try Folder("\(root)/spool").names() == ["cats"])
  }

  @Test("without a daemon and without what one wrote, commands end with their documented codes")
  func unreachable() throws {
    let (root, paths) = try folders()
    defer { try? FileManager.default.removeItem(atPath: root) }
    #expect(waltctl(["status"] + paths) == 69)
    #expect(waltctl(["list"] + paths) == 69)
    #expect(waltctl(["cancel", "1"] + paths) == 69)
    #expect(waltctl(["status", "--config", "/no/such.toml"]) == 78)
    #expect(waltctl(["list", "--in", "dreaming"] + paths) == 64)
    try DurableFile.replace("\(root)/state/status.json", with: ControlCoding.encode(status([job(1, "a.json", .done)])))
    #expect(waltctl(["status", "--json"] + paths) == 0)
    #expect(waltctl(["status", "1"] + paths) == 0)
    #expect(waltctl(["status", "2"] + paths) == 66)
    #expect(waltctl(["list", "--in", "done"] + paths) == 0)
  }

  @Test("an HTTP answer is complete when its announced body is there; chunks are put together")
  func answers() throws {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
    #expect(!HTTPAnswer.isComplete(Data((head + "ab").utf8)))
    #expect(HTTPAnswer.isComplete(Data((head + "abc").utf8)))
    let chunked = "HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    let (code, body) = try HTTPAnswer.parse(Data(chunked.utf8))
    #expect(code == 404 && String(decoding: body, as: UTF8.self) == "abc")
    #expect(throws: ControlError.self) { try HTTPAnswer.parse(Data("nonsense".utf8)) }
  }
}
