import ControlCommands
import ControlProtocol
import DaemonTesting
import Foundation
import JobModel
import Testing

@testable import DaemonServices

@Suite("Budgets", .serialized, .timeLimit(.minutes(2)))
struct BudgetTests {
  @Test("out of clips, a job is held with the reason and what frees it, and goes on when there are more")
  func clips() async throws {
    let daemon = try DaemonProcess(settings: "[[account]]\nname = \"default\"\nin_all = { clips = 3 }\n")
    try daemon.drop(#"{"prompt": "a", "samples": 2}"#, as: "a.json")
    try daemon.drop(#"{"prompt": "b", "samples": 2, "priority": 40}"#, as: "b.json")
    try daemon.start()
    try await daemon.wait(for: "the hold") { try daemon.status().count(.held) == 1 }
    let held = try #require(try daemon.status().jobs.first { $0.state == .held })
    #expect(held.request == "b.json")
    #expect(held.reason?.hasPrefix("budget: account \"default\" has used 2 of 3 clips in all; ") == true)
    try await daemon.wait(for: "the first") { daemon.exists("a.result.json") }
    let accounts: [AccountStatus] = try ControlClient(socket: daemon.paths.control).get("/v1/accounts")
    #expect(accounts[0].used["all"]?["clips"] == 2 && accounts[0].used["day"]?["bytes"] ?? 0 > 0)
    #expect(AccountText.table(accounts).contains { $0.contains("clips") && $0.contains("2 of 3") })
    #expect(try await daemon.stop() == 0)
    try daemon.configure("[[account]]\nname = \"default\"\nin_all = { clips = 4 }\n")
    try daemon.start("--drain")
    #expect(try await daemon.exitCode() == 0)
  }

  @Test("a limit that is raised while the service runs lets its jobs go on once that is reloaded")
  func reload() async throws {
    func limit(_ clips: Int) -> String { "[[account]]\nname = \"default\"\nin_all = { clips = \(clips) }\n" }
    let daemon = try DaemonProcess(settings: limit(1))
    for name in ["a", "b"] { try daemon.drop("{\"prompt\": \"\(name)\"}", as: "\(name).json") }
    try daemon.start()
    try await daemon.wait(for: "the hold") { try daemon.status().count(.held) == 1 }
    try daemon.configure(limit(2))
    if let pid = daemon.pid { kill(pid, SIGHUP) }
    try await daemon.wait(for: "the second") { daemon.exists("a.result.json") && daemon.exists("b.result.json") }
    try daemon.configure("[[account]]\nshare = 1\n")
    if let pid = daemon.pid { kill(pid, SIGHUP) }
    try await daemon.wait(for: "the complaint") { daemon.logText.contains("accounts not reloaded") }
    #expect(try await daemon.stop() == 0)
  }

  @Test("an account that has spent its seconds stops at the next step and keeps what it has done")
  func seconds() async throws {
    let daemon = try DaemonProcess(
      script: #"{"step_milliseconds": 100}"#,
      settings: "[[account]]\nname = \"default\"\nper_day = { cpu_seconds = 0.6 }\n")
    try daemon.drop(#"{"prompt": "a"}"#, as: "a.json")
    try daemon.start()
    try await daemon.wait(for: "the hold") { try daemon.status().count(.held) == 1 }
    try await daemon.wait(for: "the device") { try daemon.status().devices[0].tasks.isEmpty }
    let accounts: [AccountStatus] = try ControlClient(socket: daemon.paths.control).get("/v1/accounts")
    let used = try #require(accounts[0].used["day"]?["cpu_seconds"])
    // One step is a tenth of a second; the rest is for a slow machine.
    #expect(used >= 0.6 && used < 2)
    #expect(accounts[0].reserved["cpu_seconds"] ?? 0 == 0)
    #expect(try await daemon.stop() == 0)
    try daemon.configure("[[account]]\nname = \"default\"\nper_day = { cpu_seconds = 1000 }\n")
    try daemon.start("--drain")
    #expect(try await daemon.exitCode() == 0)
    // Its four tasks, and the one that was stopped a second time.
    let result = try JSONDocument(parsing: Array(daemon.read("a.result.json").utf8)).root.value
    #expect(result["run"]?["attempts"]?.integerValue ?? 9 <= 5)
  }

  @Test("the owner of a request chooses among the accounts that the configuration gives him")
  func rules() async throws {
    let settings = """
      [[account]]
      name = "films"
      [[account]]
      name = "secret"
      users = ["424242"]
      """
    let daemon = try DaemonProcess(settings: settings)
    try FileManager.default.createDirectory(atPath: daemon.spool + "/films", withIntermediateDirectories: true)
    try FileManager.default.createDirectory(atPath: daemon.spool + "/secret", withIntermediateDirectories: true)
    try daemon.drop(#"{"prompt": "a", "account": "secret"}"#, as: "forbidden.json")
    try daemon.drop(#"{"prompt": "a", "account": "films"}"#, as: "named.json")
    for path in ["films/in.json", "secret/in.json"] {
      try Data(#"{"prompt": "a"}"#.utf8).write(to: URL(filePath: "\(daemon.spool)/\(path)"))
    }
    try daemon.start()
    try await daemon.wait(for: "all answers") {
      ["forbidden.error.json", "named.result.json", "films/in.result.json", "secret/in.result.json"]
        .allSatisfy(daemon.exists)
    }
    #expect(try daemon.read("forbidden.error.json").contains("account_forbidden"))
    #expect(try daemon.read("forbidden.error.json").contains("may choose: films, default"))
    let accounts = Dictionary(uniqueKeysWithValues: try daemon.status().jobs.map { ($0.request, $0.account) })
    #expect(accounts["named.json"] == "films" && accounts["films/in.json"] == "films")
    #expect(accounts["secret/in.json"] == "default")
  }
}
