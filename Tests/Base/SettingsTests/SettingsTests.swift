import Settings
import Testing

private let sample = """
  # A sample
  spool = "spool"
  settle = "2 s"          # a comment
  text = \"\"\"
  steps = 5
  \"\"\"
  sizes = [
    1,
    2,
  ]
  ratio = 3

  [limits]
  request = "1 MiB"

  [[device]]
  name = "cpu0"
  threads = 2

  [[device]]
  name = "cpu1"
  threads = 4
    [device.cooling]
    fan = true
  """

private func failure<Result>(_ text: String, _ body: (SettingsTable) throws -> Result) -> SettingsError? {
  #expect(throws: SettingsError.self) { _ = try SettingsTable.read(text: text, file: "a.toml", body) }
}

@Suite("Settings")
struct SettingsTests {
  @Test("values come out typed, whole numbers also as numbers")
  func values() throws {
    try SettingsTable.read(text: sample, file: "a.toml") { table in
      #expect(try table.required("spool") == "spool")
      #expect(try table.required("settle") == Duration.seconds(2))
      #expect(try table.required("ratio") == 3.0)
      #expect(try table.required("sizes") == [1, 2])
      #expect(try table.required("text") == "steps = 5\n")
      #expect(try table.value("absent", default: 7) == 7)
      #expect(try table.table("limits")?.required("request") == ByteCount.mebibytes(1))
      let devices = try table.tables("device")
      #expect(try devices.map { try $0.required("name", as: String.self) } == ["cpu0", "cpu1"])
      #expect(try devices.map { try $0.required("threads", in: 1...4) } == [2, 4])
      #expect(try devices[1].table("cooling")?.required("fan") == true)
    }
  }

  @Test("a key that nobody asked for is refused with its line and the nearest known key")
  func unknown() throws {
    let error = try #require(
      failure("a = 1\n\n[device]\ntreads = 2\n") { table in
        _ = try table.required("a", as: Int.self)
        _ = try table.table("device")?.value("threads", default: 1)
      })
    #expect(error.code == .unknown)
    #expect(error.description == "a.toml:4: unknown key \"device.treads\"; did you mean \"threads\"?")
  }

  @Test("a missing key names what is needed, and the misspelt one that stands there")
  func missing() throws {
    let error = try #require(failure("spol = \"x\"") { try $0.required("spool", as: String.self) })
    #expect(error.code == .missing)
    #expect(
      error.description
        == "a.toml:1: \"spool\" is missing, expected a text in quotes; \"spol\" is set: did you mean \"spool\"?")
  }

  @Test("a value of the wrong kind names file, line, key, what was found and what is expected")
  func wrongKind() throws {
    let error = try #require(
      failure(sample) { table in
        try table.tables("device")[1].required("name", as: Int.self)
      })
    #expect(error.description == "a.toml:21: device[1].name is \"cpu1\", expected a whole number; change its value")
    #expect(error.key == "device[1].name")
  }

  @Test("a value out of its range names the range")
  func range() throws {
    let error = try #require(failure(sample) { try $0.tables("device")[1].required("threads", in: 1...2) })
    #expect(error.description == "a.toml:22: device[1].threads is 4, allowed: 1 to 2; lower it")
  }

  @Test("text that is not TOML is refused with its line")
  func syntax() throws {
    let error = try #require(failure("a = 1\nb = = 2\n") { _ in })
    #expect(error.code == .syntax)
    #expect(error.line == 2)
  }

  @Test("a choice is one of the names, or the error lists them")
  func choice() throws {
    enum Watch: String, CaseIterable { case inotify, poll }
    let parsed = try SettingsTable.read(text: "watch = \"poll\"", file: "a.toml") {
      try $0.choice("watch", default: Watch.inotify)
    }
    #expect(parsed == .poll)
    let error = try #require(failure("watch = \"pol\"") { try $0.choice("watch", default: Watch.inotify) })
    #expect(error.description == "a.toml:1: watch is \"pol\", allowed: inotify, poll; did you mean \"poll\"?")
  }

  @Test("a file that is not there says so")
  func unreadable() throws {
    let error = #expect(throws: SettingsError.self) { try SettingsTable.read(file: "/no/such.toml") { _ in } }
    #expect(error?.code == .unreadable)
  }

  @Test(
    "durations and sizes take units",
    arguments: [("500 ms", Duration.milliseconds(500)), ("1.5s", .milliseconds(1500)), ("2 min", .seconds(120))])
  func durations(text: String, duration: Duration) {
    #expect(Duration(setting: .string(text)) == duration)
  }

  @Test(
    "durations and sizes without a unit, negative or nonsensical are refused",
    arguments: ["2", "-1 s", "s", "2 parsec"])
  func refusedQuantities(text: String) {
    #expect(Duration(setting: .string(text)) == nil)
    #expect(ByteCount(setting: .string(text)) == nil)
  }

  @Test("sizes are printed as they are written")
  func sizes() {
    #expect(ByteCount(setting: .string("1.5 GiB"))?.description == "1.5 GiB")
    #expect(ByteCount.mebibytes(512).description == "512 MiB")
  }
}
