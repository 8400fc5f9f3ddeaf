import ControlProtocol
import Foundation
import JobModel
import Settings
import Testing

@Suite("Control protocol")
struct ControlProtocolTests {
  @Test("a status survives its JSON, with dates in UTC and the design's keys")
  func status() throws {
    let job = JobSummary(
      id: JobID(7), request: "cats/cat.json", state: .held, reason: "disk full", priority: 50, account: "default",
      model: "demo", clipCount: 1, tasksDone: 2, taskCount: 5, created: Date(timeIntervalSince1970: 0), finished: nil)
    let progress = TaskProgress(job: JobID(7), clip: 0, stage: .base, chunk: 0, step: 3, of: 50)
    let status = ServiceStatus(
      version: "1", pid: 1, started: Date(timeIntervalSince1970: 0), updated: Date(timeIntervalSince1970: 60),
      spool: "/spool", paused: nil, counts: ["held": 1, "queued": 2],
      devices: [
        DeviceStatus(
          name: "cpu0", threadCount: 2, memoryByteCount: 1 << 30, worker: .running, pid: 9, tasks: [progress])
      ],
      models: [ModelStatus(name: "demo", folder: "/models/demo", problem: nil)], jobs: [job])
    let data = try ControlCoding.encode(status)
    #expect(try ControlCoding.decode(ServiceStatus.self, from: data) == status)
    let text = String(decoding: data, as: UTF8.self)
    #expect(text.contains("\"updated\":\"1970-01-01T00:01:00Z\""))
    #expect(text.contains("\"tasks_done\":2"))
    #expect(status.count(.held) == 1 && status.unfinishedCount == 2)
  }

  @Test("paths in the file count from its folder, those of the command line go before them, others are left alone")
  func paths() throws {
    let text = "spool = \"spool\"\nstate = \"/var/state\"\nsettle = \"2 s\"\n"
    let paths = try SettingsTable.read(text: text, file: "/etc/walt/waltd.toml") { table in
      table.ignoreOthers()
      return try ServicePaths(table, file: "/etc/walt/waltd.toml", spool: nil, state: nil)
    }
    #expect(paths.spool == "/etc/walt/spool")
    #expect(paths.control == "/var/state/control.sock")
    let given = try SettingsTable.read(text: text, file: "/etc/walt/waltd.toml") { table in
      table.ignoreOthers()
      return try ServicePaths(table, file: "/etc/walt/waltd.toml", spool: "here", state: "there")
    }
    #expect(given == ServicePaths(spool: "here", state: "there"))
  }

  @Test("without a spool the error says how to set one")
  func noSpool() throws {
    let error = #expect(throws: SettingsError.self) {
      try SettingsTable.read(text: "state = \"s\"", file: "waltd.toml") {
        try ServicePaths($0, file: "waltd.toml", spool: nil, state: nil)
      }
    }
    #expect(error?.description == "waltd.toml: no spool is set; set spool = \"…\", or give --spool")
  }
}
