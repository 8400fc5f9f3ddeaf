import Spool
import Testing

@Suite("Request names")
struct RequestNameTests {
  @Test("requests end in .json or .jsonl", arguments: [("cat.json", RequestName.single), ("c.d.jsonl", .batch)])
  func requests(name: String, kind: RequestName) { #expect(RequestName(name) == kind) }

  @Test(
    "hidden, temporary and our own names are never requests",
    arguments: [
      ".cat.json", "cat.json.tmp", "cat.json.part", "cat.json~", "cat.result.json", "cat.error.json", "cat.mp4",
      "metadata.jsonl", ".walt-job-1.tmp", "json", "cat.JSON",
    ])
  func others(name: String) { #expect(RequestName(name) == .other) }

  @Test("names that outputs could not have are refused")
  func refused() {
    for name in [String(repeating: "a", count: 300) + ".json", "a\nb.json"] {
      guard case .refused = RequestName(name) else {
        Issue.record("\(name) is not refused")
        continue
      }
    }
  }

  @Test("outputs are named after the request, clips by six digits")
  func outputs() {
    let names = OutputNames(requestPath: "a/b/cat.v2.json")
    #expect(names.folder == "a/b")
    #expect(names.result == "cat.v2.result.json")
    #expect(names.error == "cat.v2.error.json")
    #expect(OutputNames(requestPath: "cat.jsonl").folder == ".")
    #expect(OutputNames.clip(42, "mp4") == "000042.mp4")
    #expect(OutputNames.clip(1_234_567, "png") == "1234567.png")
  }
}
