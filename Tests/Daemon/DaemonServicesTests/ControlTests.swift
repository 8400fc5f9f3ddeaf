import ControlProtocol
import DaemonTesting
import Foundation
import JobModel
import Testing

private let circle = #"{"prompt": "a red circle", "seed": 7}"#

private let promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first {
  FileManager.default.isExecutableFile(atPath: $0)
}

/// A daemon whose first job waits at the second step of its base until it is told something.
private func waiting() async throws -> DaemonProcess {
  let daemon = try DaemonProcess(script: #"{"waits":[{"task":"base","step":2,"attempts":1}]}"#)
  try daemon.drop(circle, as: "circle.json")
  try daemon.start()
  try await daemon.wait(for: "the second step") {
    let task = try daemon.status().devices[0].tasks.first
    return task?.stage == .base && task?.step == 2
  }
  return daemon
}

@Suite("waltctl and a running daemon", .serialized, .timeLimit(.minutes(2)))
struct ControlTests {
  @Test("a job that is held saves what it has and waits; released, it goes on from there")
  func hold() async throws {
    let daemon = try await waiting()
    let held = try daemon.waltctl("hold", "1")
    #expect(held.code == 0 && held.output == "job 1 is held\n", "\(held.errors)")
    try await daemon.wait(for: "an idle device") { try daemon.status().devices[0].tasks.isEmpty }
    #expect(try daemon.waltctl("status", "1").output.contains("state     held: held by its user"))
    #expect(try daemon.waltctl("hold", "1").code == 75)
    #expect(try daemon.waltctl("release", "1").output == "job 1 is queued\n")
    let end = try daemon.waltctl("wait", "1")
    #expect(end.code == 0 && end.lines.last == "1: done", "\(end.errors)")
    #expect(try daemon.read("circle.result.json").contains("\"resumptions\": 1"))
    #expect(try await daemon.stop() == 0)
  }

  @Test("a failed job is revived by retry")
  func retry() async throws {
    let daemon = try DaemonProcess(
      script: #"{"accidents":[{"task":"base","step":0,"attempts":1,"kind":"request"}]}"#)
    try daemon.drop(circle, as: "circle.json")
    try daemon.start()
    #expect(try daemon.waltctl("wait", "circle.json").code == 1)
    #expect(try daemon.waltctl("retry", "1").code == 0)
    #expect(try daemon.waltctl("wait", "circle.json").code == 0)
    #expect(try daemon.waltctl("retry", "1").code == 75)
    #expect(try await daemon.stop() == 0)
  }

  @Test("drained, no work begins, also after a restart; what is dropped is taken; resumed, all is done")
  func drain() async throws {
    let daemon = try DaemonProcess()
    try daemon.start()
    try await daemon.wait(for: "an answer") { try daemon.status().paused == nil }
    #expect(try daemon.waltctl("drain").code == 0)
    try await daemon.kill()
    try daemon.start()
    try daemon.drop(circle, as: "circle.json")
    try await daemon.wait(for: "the job") { try daemon.status().count(.queued) == 1 }
    #expect(try daemon.status().paused == "draining")
    #expect(try daemon.waltctl("status").output.contains("paused   draining"))
    #expect(try daemon.waltctl("wait", "circle.json", "--timeout", "0.5").code == 75)
    #expect(try daemon.waltctl("resume").code == 0)
    #expect(try daemon.waltctl("wait", "circle.json").code == 0)
    #expect(try await daemon.stop() == 0)
  }

  @Test("the priority of a waiting job can be changed, that of a finished one cannot")
  func priority() async throws {
    let daemon = try await waiting()
    try daemon.drop(#"{"prompt": "b"}"#, as: "b.json")
    try await daemon.wait(for: "the second job") { try daemon.status().count(.queued) == 1 }
    #expect(try daemon.waltctl("priority", "--to", "90", "2").code == 0)
    #expect(try daemon.status().jobs.first { $0.id == JobID(2) }?.priority == 90)
    #expect(try daemon.waltctl("priority", "--to", "101", "2").code == 64)
    #expect(try daemon.waltctl("priority", "--to", "10", "7").code == 66)
    #expect(try daemon.waltctl("cancel", "1").code == 0)
    #expect(try daemon.waltctl("priority", "--to", "10", "1").code == 75)
    #expect(try await daemon.stop() == 0)
  }

  @Test("of several jobs, those that can be changed are changed, and the exit code tells of the rest")
  func severalJobs() async throws {
    let daemon = try await waiting()
    let end = try daemon.waltctl("cancel", "9", "1")
    #expect(end.code == 66 && end.output == "job 1 is cancelled\n" && end.errors.contains("job 9"))
    #expect(try await daemon.stop() == 0)
  }

  @Test("events are told as they happen, and from any earlier one on")
  func events() async throws {
    let daemon = try await waiting()
    let begin = try daemon.waltctl("events", "--after", "0", "--count", "2")
    #expect(begin.code == 0 && begin.lines.count == 2, "\(begin.errors)")
    #expect(begin.lines[0].hasSuffix("1 job 1 accepted: circle.json") && begin.lines[1].hasSuffix("job 1 running"))
    #expect(try daemon.waltctl("cancel", "1").code == 0)
    let json = try daemon.waltctl("events", "--after", "2", "--count", "1", "--json", "1")
    let event = try ControlCoding.decode(ServiceEvent.self, from: Data(json.output.utf8))
    #expect(event.what == "cancelled" && event.job == JobID(1) && event.id == 3)
    #expect(try await daemon.stop() == 0)
    #expect(try daemon.waltctl("events").code == 69)
  }

  @Test("watch tells each change on a line of its own where nobody looks, and ends with its jobs")
  func watch() async throws {
    let daemon = try await waiting()
    #expect(try daemon.waltctl("hold", "1").code == 0)
    #expect(try daemon.waltctl("release", "1").code == 0)
    let end = try daemon.waltctl("watch", "--interval", "0.05", "1")
    #expect(end.code == 0, "\(end.errors)")
    #expect(end.lines.last == "[####################] job 1 circle.json done")
    // What was so before may be so again, but not without a change in between.
    for subject in ["job 1 circle.json", "cpu0 ", "walt "] {
      let told = end.lines.filter { $0.contains(subject) && (subject != "cpu0 " || $0.hasPrefix(subject)) }
      #expect(zip(told, told.dropFirst()).allSatisfy { $0 != $1 }, "\(told)")
    }
    #expect(try await daemon.stop() == 0)
  }

  @Test("stopped, the workers are told first: while they end their step, the service still answers")
  func stopping() async throws {
    let daemon = try await waiting()
    // Its step does not end before it is continued.
    let worker = try #require(try daemon.workerPID())
    kill(worker, SIGSTOP)
    if let pid = daemon.pid { kill(pid, SIGTERM) }
    try await daemon.wait(for: "the stop") { daemon.logText.contains(" stopping ") }
    #expect(try daemon.status().devices[0].tasks.count == 1)
    kill(worker, SIGCONT)
    #expect(try await daemon.exitCode() == 0)
  }

  @Test("what is known is also told with the daemon down, and that it is down")
  func down() async throws {
    let daemon = try DaemonProcess()
    try daemon.drop(circle, as: "cats,dogs.json")
    try daemon.start("--drain")
    #expect(try await daemon.exitCode() == 0)
    for command in ["list", "models", "export", "status"] {
      let end = try daemon.waltctl(command)
      #expect(end.code == 0 && (end.errors + end.output).contains("waltd does not answer"), "\(command)")
    }
    let table = try daemon.waltctl("export", "--format", "csv", "--in", "done")
    #expect(table.lines[0].hasPrefix("job,request,state,") && table.lines[1].hasPrefix(#"1,"cats,dogs.json",done,"#))
    #expect(try daemon.waltctl("wait", "cats,dogs.json", "--start", "0.1").code == 69)
    #expect(try daemon.waltctl("hold", "1").errors.contains("start waltd"))
  }

  @Test("metrics are what promtool accepts, and count what happened")
  func metrics() async throws {
    let daemon = try await waiting()
    let arguments = ["-s", "--unix-socket", daemon.paths.control, "http://waltd/metrics"]
    let text = try TestPrograms.run("/usr/bin/curl", arguments).output
    for line in [
      #"walt_jobs{state="running"} 1"#, #"walt_tasks_running{device="cpu0"} 1"#,
      #"walt_requests_taken_total{answer="accepted"} 1"#, #"walt_workers_started_total{device="cpu0"} 1"#,
      #"walt_tasks_ended_total{outcome="done"} 1"#, "walt_paused 0", #"walt_model_usable{model="test"} 1"#,
    ] { #expect(text.contains(line + "\n"), "\(line) in \(text)") }
    #expect(try await daemon.stop() == 0)
    if let promtool {
      let check = try TestPrograms.run(promtool, ["check", "metrics"], input: Data(text.utf8))
      #expect(check.code == 0 && check.errors.isEmpty && check.output.isEmpty, "\(check)")
    }
  }

  @Test("what promtool says of the metrics is heard", .enabled(if: promtool != nil, "promtool is not installed"))
  func promtoolComplains() throws {
    let check = try TestPrograms.run(promtool ?? "", ["check", "metrics"], input: Data("# TYPE a counter\na 1\n".utf8))
    #expect(check.code != 0)
  }

  @Test("the socket is for owner and group, and the group may do everything")
  func socket() async throws {
    let daemon = try await waiting()
    var status = stat()
    #expect(stat(daemon.paths.control, &status) == 0 && status.st_mode & 0o777 == 0o660)
    #expect(try await daemon.stop() == 0)
  }

  @Test("a request can be sent to the socket, and waiting for one that is nowhere ends at once")
  func submit() async throws {
    let daemon = try DaemonProcess()
    try daemon.start()
    try await daemon.wait(for: "an answer") { try daemon.status().paused == nil }
    func post(_ query: String, _ body: String) throws -> String {
      let url = "http://waltd/v1/jobs?\(query)"
      let arguments = ["-s", "--unix-socket", daemon.paths.control, "--data-binary", "@-", url]
      return try TestPrograms.run("/usr/bin/curl", arguments, input: Data(body.utf8)).output
    }
    #expect(try post("name=a.json&into=cats", circle) == #"{"request":"cats/a.json"}"#)
    #expect(try post("name=a.json&into=cats", circle).contains("conflict"))
    #expect(try post("name=../a.json", circle).contains("bad_request"))
    #expect(try post("name=a.json&into=../..", circle).contains("must lie below the spool"))
    #expect(try post("name=b.json", String(repeating: " ", count: 2 << 20)).contains("bad_request"))
    #expect(try daemon.waltctl("wait", "cats/a.json").code == 0)
    #expect(try daemon.waltctl("wait", "cats/b.json").code == 66)
    #expect(try daemon.waltctl("wait", "cats").code == 65)
    #expect(try await daemon.stop() == 0)
  }
}
