import Foundation
import Scheduling
import Settings
import Testing

@testable import DaemonServices

private func read(_ text: String) throws -> DaemonConfiguration {
  try SettingsTable.read(text: text, file: "/etc/walt/waltd.toml") {
    try DaemonConfiguration(
      $0, file: "/etc/walt/waltd.toml", spool: nil, state: nil, defaultWorker: "/usr/bin/walt-worker")
  }
}

private let least = """
  spool = "/spool"
  state = "/state"
  [[model]]
  name = "demo"
  folder = "models/demo"
  """

@Suite("Configuration of the daemon")
struct DaemonConfigurationTests {
  @Test("a model is enough: all else has its default")
  func defaults() throws {
    let configuration = try read(least)
    #expect(configuration.settle == .seconds(2))
    #expect(configuration.models.map(\.folder) == ["/etc/walt/models/demo"])
    #expect(configuration.devices == [.wholeMachine])
    #expect(configuration.worker == ["/usr/bin/walt-worker"])
    #expect(configuration.retry.attempts == 3)
  }

  @Test("devices, limits and retries come from the file")
  func everything() throws {
    let configuration = try read(
      least + """

        [limits]
        request = "2 MiB"
        [retry]
        attempts = 5
        back_off = "1 s"
        [[device]]
        name = "cpu0"
        threads = 2
        memory = "4 GiB"
        """)
    #expect(configuration.limits.json.byteCount == 2 << 20)
    #expect(configuration.devices.map(\.memory) == [.gibibytes(4)])
    #expect((1...3).map { configuration.retry.pause(failures: $0) } == [.seconds(1), .seconds(2), .seconds(4)])
  }

  @Test(
    "mistakes are named with their line",
    arguments: [
      ("spool = \"/s\"\nstate = \"/t\"\n", "/etc/walt/waltd.toml: no model is set; add [[model]] with name"),
      (
        least + "\nfolders = \"x\"",
        "/etc/walt/waltd.toml:6: unknown key \"model[0].folders\"; did you mean \"folder\"?"
      ),
      (least + "\n[[model]]\nname = \"demo\"\nfolder = \"x\"", "/etc/walt/waltd.toml:3: two [[model]] have the name"),
      (
        least + "\n[[device]]\nname = \"a b\"\nthreads = 1\nmemory = \"1 GiB\"",
        "/etc/walt/waltd.toml:7: name is \"a b\""
      ),
      (
        least + "\n[[device]]\nname = \"a\"\nthreads = 0\nmemory = \"1 GiB\"",
        "/etc/walt/waltd.toml:8: device[0].threads"
      ),
    ])
  func mistakes(text: String, message: String) throws {
    let error = #expect(throws: SettingsError.self) { _ = try read(text) }
    #expect(error?.description.hasPrefix(message) == true, "\(error.map(String.init(describing:)) ?? "")")
  }

  @Test("devices, the worth of waiting and accounts are read as they are written")
  func scheduling() throws {
    let configuration = try read(
      least + """

        [retry]
        stall = "1 min"
        [scheduling]
        ageing = "1 s"
        [[device]]
        name = "gpu0"
        kind = "gpu"
        index = 0
        memory = "1 GiB"
        batch = 8
        [[account]]
        name = "films"
        users = ["root", "1001"]
        share = 2
        per_day = { cpu_seconds = 10, clips = 3 }
        in_all = { bytes = 5e9 }
        """)
    #expect(configuration.stall == .seconds(60) && configuration.ageing.secondsPerPoint == 1)
    let device = configuration.devices[0]
    #expect(device.kind == .gpu && device.index == 0 && device.seatCount == 8 && device.threadCount == 1)
    let account = configuration.accounts.accounts[0]
    #expect(account.users == [0, 1001] && account.share == 2)
    #expect(
      Set(account.limits) == [
        SpendingLimit(measure: .cpuSeconds, period: .day, amount: 10),
        SpendingLimit(measure: .clips, period: .day, amount: 3),
        SpendingLimit(measure: .bytes, period: .all, amount: 5e9),
      ])
    #expect(configuration.accounts.accounts.map(\.name) == ["films", "default"])
  }

  @Test("the sample configurations are right", arguments: ["waltd.toml", "demo.toml"])
  func samples(name: String) throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../configs/\(name)").path
    _ = try DaemonConfiguration.read(file: file, spool: "spool", state: "state", defaultWorker: "walt-worker")
  }
}
