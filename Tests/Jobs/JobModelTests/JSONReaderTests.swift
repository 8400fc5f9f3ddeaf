import JobModel
import Testing

@Suite("Strict JSON")
struct JSONReaderTests {
  private func failure(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) -> RequestError? {
    #expect(throws: RequestError.self) { try JSONDocument(parsing: bytes, limits: limits) }
  }

  private func failure(_ text: String, limits: JSONLimits = JSONLimits()) -> RequestError? {
    failure(Array(text.utf8), limits: limits)
  }

  @Test("a document keeps the order of its members and the text of its numbers")
  func keeps() throws {
    let text = #"{"b": [1, 2.50, -0e3], "a": {"x": null, "y": true}, "s": "é\u00e9\ud83d\ude00\n\"\\"}"#
    let value = try JSONDocument(parsing: Array(text.utf8)).root.value
    #expect(
      value == [
        "b": [.number("1"), .number("2.50"), .number("-0e3")], "a": ["x": .null, "y": true], "s": "éé😀\n\"\\",
      ])
    #expect(value.text() == #"{"b": [1, 2.50, -0e3], "a": {"x": null, "y": true}, "s": "éé😀\n\"\\"}"#)
  }

  @Test(
    "a mistake is named with its line and column",
    arguments: [
      ("", 1, 1), ("   ", 1, 4), ("{", 1, 2), ("{\"a\": 1,}", 1, 9), ("{\"a\" 1}", 1, 6), ("{a: 1}", 1, 2),
      ("{\"a\": 01}", 1, 7), ("{\"a\": 1.}", 1, 9), ("{\"a\": +1}", 1, 7), ("[1 2]", 1, 4), ("[1,]", 1, 4),
      ("{\"a\": tru}", 1, 7), ("{\"a\": NaN}", 1, 7), ("{\"a\": \"b}", 1, 7), ("{\"a\": \"\\x\"}", 1, 8),
      ("{\"a\": \"\u{1}\"}", 1, 8), ("{\"a\": \"\\u12\"}", 1, 8), ("{\"a\": 1} x", 1, 10), ("{}{}", 1, 3),
      ("{\n  \"é\": 1,\n  \"b\" = 2\n}", 3, 7), ("'a'", 1, 1), ("{\"a\": \"é\" \"x\"}", 1, 11), ("nul", 1, 1),
      ("{\"a\": \"\\u0000\"}", 1, 8), ("[", 1, 2), ("]", 1, 1), ("{\"a\":}", 1, 6), ("{,}", 1, 2),
    ])
  func mistakes(text: String, line: Int, column: Int) {
    let error = failure(text)
    #expect(error?.code == .syntax)
    #expect(error?.place == TextPlace(line: line, column: column))
  }

  @Test("a lone half of a surrogate pair is refused", arguments: [#""\ud800""#, #""\udc00x""#, #""\ud800\u0041""#])
  func surrogates(text: String) { #expect(failure(text)?.code == .encoding) }

  @Test(
    "bytes that are not UTF-8 are refused at their place",
    arguments: [[0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82]] as [[UInt8]])
  func encoding(bytes: [UInt8]) {
    let error = failure(Array("{\"a\": \"é".utf8) + bytes + Array("\"}".utf8))
    #expect(error?.code == .encoding)
    #expect(error?.place == TextPlace(line: 1, column: 9))
  }

  @Test("a byte order mark is refused with what to do")
  func byteOrderMark() {
    #expect(failure([0xEF, 0xBB, 0xBF, 0x7B, 0x7D])?.message.contains("byte order mark") == true)
  }

  @Test("a name that stands twice is refused with its pointer")
  func duplicates() {
    let error = failure("{\"a\": {\"b/c\": 1,\n \"b/c\": 2}}")
    #expect(error?.code == .duplicateKey)
    #expect(error?.path == "/a/b~1c")
    #expect(error?.place == TextPlace(line: 2, column: 2))
  }

  @Test("nesting, size and number of values stop at their limits, without a crash")
  func limits() throws {
    let deep = String(repeating: "[", count: 100_000)
    #expect(failure(deep)?.code == .tooLarge)
    let wide = "[" + String(repeating: "0,", count: 30_000) + "0]"
    #expect(failure(wide)?.code == .tooLarge)
    #expect(failure("[1,2,3]", limits: JSONLimits(byteCount: 6))?.code == .tooLarge)
    _ = try JSONDocument(parsing: Array("[1,2,3]".utf8), limits: JSONLimits(byteCount: 7))
    let long = "[" + String(repeating: "9", count: 100) + "]"
    #expect(failure(long)?.code == .range)
  }

  @Test("whole numbers may be written with a point or an exponent, and never wrap")
  func integers() {
    #expect(JSONValue.number("9223372036854775807").integerValue == Int64.max)
    #expect(JSONValue.number("9223372036854775808").integerValue == nil)
    #expect(JSONValue.number("17.0").integerValue == 17)
    #expect(JSONValue.number("1e3").integerValue == 1000)
    #expect(JSONValue.number("1.5").integerValue == nil)
    #expect(JSONValue.number("1e400").integerValue == nil)
    #expect(JSONValue.number("1e-400").integerValue == nil)
    #expect(JSONValue.number("0.99999999999999999999").integerValue == nil)
    #expect(JSONValue.number("9007199254740993.0").integerValue == 9_007_199_254_740_993)
    #expect(JSONValue.number("1.50e2").integerValue == 150 && JSONValue.number("-10e-1").integerValue == -1)
    #expect(JSONValue.number("-0.0e-5").integerValue == 0)
    #expect(JSONValue.number("1e400").doubleValue == nil)
  }

  @Test("cut short or changed anywhere, a request is read or refused, never more")
  func mutations() {
    let text = Array(#"{"prompt": "a {x} cat", "steps": [20, 5], "labels": {"a": [1.5e-3, null, "\u00e9"]}}"#.utf8)
    var generator = SplitMix(state: 1)
    for length in 0..<text.count { _ = try? Request(parsing: Array(text.prefix(length))) }
    for _ in 0..<5_000 {
      var bytes = text
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: .min ... .max, using: &generator)
      }
      _ = try? Request(parsing: bytes)
    }
  }
}

/// SplitMix64: the same draws in every run.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
