import Foundation
import Testing
import Weights

@Suite("A configuration file")
struct ConfigurationObjectTests {
  private func object(_ json: String) throws -> ConfigurationObject {
    try ConfigurationObject(json: Data(json.utf8), file: "base/config.json")
  }

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "nothing thrown"
    } catch { return "\(error)" }
  }

  @Test("with an unknown key is refused, naming the file, the key and the nearest known one")
  func unknownKey() throws {
    let object = try object(#"{"hiden": 64}"#)
    _ = try object.optionalInteger("hidden", in: 1...1024)
    #expect(
      message(object.finish) == "base/config.json: hiden is not a known key; did you mean \"hidden\"?")
  }

  @Test("whose keys were all read is accepted")
  func complete() throws {
    let object = try object(
      #" {"a": -3, "b": 2.5e-1, "c": true, "d": "x\u00e9\ud83d\ude00", "e": [1, 2], "f": {"g": [false]}} "#)
    #expect(try object.integer("a", in: -5...5) == -3)
    #expect(try object.number("b", in: 0...1) == 0.25)
    #expect(try object.number("a", in: -5...5) == -3)
    #expect(try object.bool("c"))
    #expect(try object.string("d") == "xé😀")
    #expect(try object.integers("e", count: 2...2, in: 0...9) == [1, 2])
    let inner = try object.object("f")
    #expect(try inner.bools("g", count: 1...3) == [false])
    try inner.finish()
    try object.finish()
  }

  @Test("says what is wrong with a value: its kind, its range, its absence")
  func invalidValues() throws {
    let object = try object(#"{"a": "x", "b": 12, "c": true, "f": {"g": 1.5}, "h": [{}, {"i": 0}]}"#)
    #expect(
      message { _ = try object.integer("a", in: 0...1) } == "base/config.json: a is a string, expected an integer")
    #expect(
      message { _ = try object.integer("b", in: 1...8) } == "base/config.json: b is 12, allowed are 1 to 8")
    #expect(
      message { _ = try object.integer("c", in: 0...1) } == "base/config.json: c is a boolean, expected an integer")
    #expect(message { _ = try object.string("z") } == "base/config.json: z is missing")
    #expect(
      message { _ = try object.object("f").integer("g", in: 0...1) }
        == "base/config.json: f.g is a number, expected an integer")
    #expect(
      message { _ = try object.objects("h", count: 1...3)[1].integer("i", in: 1...3) }
        == "base/config.json: h[1].i is 0, allowed are 1 to 3")
  }

  @Test(
    "that is not strict JSON is refused with line and column",
    arguments: [
      ("{\n \"a\": 01}", "base/config.json:2:9: "), ("{\"a\": 1,}", "base/config.json:1:9: "),
      ("{\"a\": 1, \"a\": 2}", "base/config.json:1:16: "), ("{\"a\": 1} x", "base/config.json:1:10: "),
      ("{\"a\": nan}", "base/config.json:1:7: "), ("{\"a\": \"\\ud800\"}", "base/config.json:1:14: "),
      ("[1]", "base/config.json: holds an array"), ("", "base/config.json:1:1: "),
      ("{\"a\": 1e999}", "base/config.json:1:12: "),
    ])
  func syntax(json: String, prefix: String) {
    #expect(message { _ = try object(json) }.hasPrefix(prefix))
  }
}
