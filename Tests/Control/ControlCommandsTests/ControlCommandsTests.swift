import ArgumentParser
import ControlProtocol
import DaemonTesting
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

  @Test("without configured devices a rebuild counts the seconds of the whole machine")
  func devices() throws {
    let (root, _) = try folders()
    defer { try? FileManager.default.removeItem(atPath: root) }
    let file = "\(root)/waltd.toml"
    try DurableFile.replace(file, with: "spool = \"spool\"\nstate = \"state\"\n")
    let device = try #require(try ServiceOptions.parse(["--config", file]).devices()["cpu0"])
    #expect(device.measure == "cpu_seconds")
    #expect(device.rate == Double(ProcessInfo.processInfo.activeProcessorCount))
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

  @Test("server-sent events are taken apart wherever the pieces of the answer end")
  func eventStream() throws {
    let events = ": events\n\nid: 1\nevent: done\ndata: {\"a\":1}\n\nid: 2\ndata: two\n\n"
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    let body = [events.prefix(20), events.dropFirst(20)].map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }
    let stream = Data((head + body.joined()).utf8)
    for size in [1, 2, 7, 1000] {
      var reader = EventStreamReader()
      var found: [Data] = []
      for start in stride(from: 0, to: stream.count, by: size) {
        found += try reader.read(stream[start..<min(start + size, stream.count)])
      }
      #expect(found.map { String(decoding: $0, as: UTF8.self) } == [#"{"a":1}"#, "two"])
    }
    var refused = EventStreamReader()
    let error = #"{"error":"bad_request","message":"no"}"#
    #expect(throws: ControlError(.badRequest, "no")) {
      try refused.read(Data("HTTP/1.1 400 Error\r\nContent-Length: \(error.utf8.count)\r\n\r\n\(error)".utf8))
    }
  }

  @Test("watching shows devices and unfinished jobs with how far they are, no line wider than the screen")
  func watchText() {
    let tasks = [TaskProgress(job: JobID(2), clip: 0, stage: .base, chunk: 0, step: 3, of: 6)]
    let jobs = status([job(1, "a.json", .done), job(2, "cats/b.json", .running)], tasks: tasks)
    let lines = WatchText.lines(jobs, isLive: true, now: .now, width: 52)
    #expect(
      lines == [
        "walt 1: 1 running, 1 done", "cpu0 [##########----------] job 2 base 3/6",
        "[####----------------] job 2 cats/b.json running",
      ])
    #expect(WatchText.lines(jobs, isLive: true, now: .now, width: 10).allSatisfy { $0.count <= 10 })
  }

  @Test("the manual page names every command and option that there is, and roff finds nothing to complain of")
  func manual() throws {
    let page = try ManualPage.text(help: Data(WaltctlCommand._dumpHelp().utf8), version: "1")
    for command in WaltctlCommand.configuration.subcommands where command.configuration.shouldDisplay {
      #expect(page.contains(".SS \(command.configuration.commandName ?? "")\n"))
    }
    for option in ["timeout", "json", "replace", "config", "interval"] { #expect(page.contains("\\-\\-\(option)")) }
    #expect(page.contains("69 waltd does not answer") && !page.contains("manual"))
    let foreign = #"{"command": {"commandName": "x", "abstract": "a…\\b", "shouldDisplay": true}}"#
    #expect(try ManualPage.text(help: Data(foreign.utf8), version: "1").contains(#"x \- a\[u2026]\eb"#))
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/groff") else { return }
    let check = try TestPrograms.run("/usr/bin/groff", ["-man", "-ww", "-z", "-Tutf8"], input: Data(page.utf8))
    #expect(check.code == 0 && check.errors.isEmpty, "\(check.errors)")
  }

  @Test("each shell has a completion script that knows commands and states", arguments: ["bash", "zsh", "fish"])
  func completions(shell: String) throws {
    let shell = try #require(CompletionShell(rawValue: shell))
    let script = WaltctlCommand.completionScript(for: shell)
    for word in ["release", "publishing", "--timeout"] {
      #expect(script.contains(shell == .fish ? word.replacing("--", with: "") : word))
    }
  }
}
