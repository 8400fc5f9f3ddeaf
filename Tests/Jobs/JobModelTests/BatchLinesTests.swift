import DurableFiles
import JobModel
import Testing

@Suite("The lines of a batch")
struct BatchLinesTests {
  private func lines(_ text: String) -> [BatchLine] { Array(BatchLines(Array(text.utf8))) }

  @Test("blank lines only count, line ends of either kind end a line, the last needs none")
  func cutting() {
    let found = lines("{\"a\": 1}\r\n\n  \n{}\n{\"b\": 2}")
    #expect(found.map(\.number) == [1, 4, 5])
    #expect(found.map { String(decoding: $0.bytes, as: UTF8.self) } == ["{\"a\": 1}\r", "{}", "{\"b\": 2}"])
    #expect(lines("\n\n").isEmpty)
  }

  @Test("a mistake is told with the number of its line in the file")
  func place() throws {
    let line = try #require(lines("\n{\"prompt\": \"a\", \"sede\": 1}").first)
    let error = #expect(throws: RequestError.self) { try line.request(RequestLimits()) }
    #expect(error?.place == TextPlace(line: 2, column: 17))
    #expect(error?.code == .unknownKey)
  }

  @Test("equal lines have different seeds, and the seed is written into the request that repeats the line alone")
  func seeds() throws {
    let twins = lines("{\"prompt\": \"a\"}\n{\"prompt\": \"a\"}\n")
    #expect(twins[0].digest != twins[1].digest)
    #expect(twins[0].digest == SHA256Digest(of: "{\"prompt\": \"a\"}\n1"))
    let request = try twins[0].request(RequestLimits())
    #expect(String(decoding: request.bytes(withSeed: 7), as: UTF8.self) == #"{"prompt": "a", "seed": 7}"#)
    let own = try Request(parsing: Array(#"{"seed": 3, "prompt": "a"}"#.utf8))
    #expect(String(decoding: own.bytes(withSeed: 3), as: UTF8.self) == #"{"seed": 3, "prompt": "a"}"#)
  }

  @Test("a file may still grow where it is empty or its last line neither ends nor parses")
  func cutOff() {
    let limits = RequestLimits()
    for (text, isCutOff) in [("", true), ("{}", false), ("{}\n", false), ("{\n", false), ("{}\n{", true)] {
      #expect(BatchLines(Array(text.utf8)).isCutOff(limits) == isCutOff, "\(text)")
    }
  }

  @Test("so many errors are written out, the rest is counted")
  func manyErrors() {
    var refused = RefusedLines()
    for line in 1...1500 { refused.add(RequestError(.syntax, "x").onLine(line)) }
    refused.goodCount = 2
    #expect(refused.document["lines"]?.arrayValue?.count == 1000)
    #expect(
      refused.document["message"]?.stringValue?.hasPrefix("1500 of 1502 lines are refused; the other 2 run") == true)
  }
}
