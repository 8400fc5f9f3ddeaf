import Foundation
import Kernels
import Testing
import Weights

@testable import FixtureEvaluation

@Suite struct FixtureEvaluatorTests {
  private let root = FileManager.default.temporaryDirectory.appending(path: "walt-fixtures-\(UUID().uuidString)")
  private var fixtures: URL { root.appending(path: "in") }
  private var out: URL { root.appending(path: "out") }

  /// Gathers the golden files that the engine's tests keep, each target its own, under their one manifest.
  init() throws {
    let engineTests = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Engine").standardized
    try FileManager.default.createDirectory(at: fixtures, withIntermediateDirectories: true)
    for target in try FileManager.default.contentsOfDirectory(at: engineTests, includingPropertiesForKeys: nil) {
      let kept = target.appending(path: "Fixtures")
      let files = try? FileManager.default.contentsOfDirectory(at: kept, includingPropertiesForKeys: nil)
      for file in files ?? [] {
        let link = fixtures.appending(path: file.lastPathComponent)
        guard !FileManager.default.fileExists(atPath: link.path) else { continue }
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: file)
      }
    }
  }

  /// Keeps of the manifest only those files.
  private func keep(_ isKept: (String) -> Bool) throws {
    let url = fixtures.appending(path: "manifest.json")
    let manifest = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
    let files = try #require(manifest["files"] as? [[String: Any]]).filter { isKept($0["file"] as? String ?? "") }
    try FileManager.default.removeItem(at: url)
    try JSONSerialization.data(withJSONObject: ["files": files]).write(to: url)
  }

  private func evaluate() throws -> (isGood: Bool, lines: [String]) {
    defer { try? FileManager.default.removeItem(at: root) }
    var lines: [String] = []
    let evaluator = FixtureEvaluator(fixtures: fixtures, out: out, device: ComputeDevice(threadCount: 2))
    let isGood = try evaluator.run { lines.append($0) }
    return (isGood, lines)
  }

  @Test("every kind of golden file is recomputed within its tolerances, under the same names, types and shapes")
  func everything() throws {
    // The cascades of several chunks take long in debug, and their parts are tested one by one.
    try keep { name in name != "cascade_long.safetensors" && name != "cascade_image_to_video.safetensors" }
    defer { try? FileManager.default.removeItem(at: root) }
    var lines: [String] = []
    let evaluator = FixtureEvaluator(fixtures: fixtures, out: out, device: ComputeDevice(threadCount: 2))
    #expect(try evaluator.run { lines.append($0) })
    #expect(lines.filter { !$0.hasSuffix(" ok") }.isEmpty)
    for file in try FileManager.default.contentsOfDirectory(atPath: out.path) where file.hasSuffix(".safetensors") {
      let golden = try SafetensorsFile(path: fixtures.appending(path: file).path)
      let recomputed = try SafetensorsFile(path: out.appending(path: file).path)
      for name in recomputed.names {
        #expect(try recomputed.shape(of: name) == golden.shape(of: name))
        #expect(try recomputed.type(of: name) == golden.type(of: name))
      }
    }
  }

  @Test("a golden value that is off is found and named")
  func wrongValue() throws {
    try keep { $0 == "schedule.safetensors" }
    let file = fixtures.appending(path: "schedule.safetensors")
    let golden = try SafetensorsFile(path: file.path)
    var gammas = try golden.doubles("gamma")
    gammas[500] += 1e-9
    var document = SafetensorsDocument()
    document.add("gamma", doubles: gammas, shape: [gammas.count])
    try FileManager.default.removeItem(at: file)
    try FileManager.default.removeItem(at: fixtures.appending(path: "tokenizer.json"))
    // Cases without their inputs cannot be computed: leave the values only.
    try Data(#"{"files": [{"file": "schedule.safetensors", "kind": "schedule", "cases": []}]}"#.utf8)
      .write(to: fixtures.appending(path: "manifest.json"))
    try document.write(to: file.path)
    let (isGood, lines) = try evaluate()
    #expect(!isGood)
    #expect(lines == ["schedule.safetensors gamma: 1e-09 of 1e-12 OVER"])
  }

  @Test("a file of a kind that is not known is reported, and the others are still recomputed")
  func unknownKind() throws {
    try keep { $0 == "rng.safetensors" }
    let url = fixtures.appending(path: "manifest.json")
    let manifest = String(decoding: try Data(contentsOf: url), as: UTF8.self)
    let unknown = #""files":[{"file":"rng.safetensors","kind":"oracle","cases":[]},"#
    try Data(manifest.replacing(#""files":["#, with: unknown, maxReplacements: 1).utf8).write(to: url)
    let (isGood, lines) = try evaluate()
    #expect(!isGood)
    #expect(lines.first?.contains("oracle") == true)
    #expect(lines.contains { $0.hasPrefix("rng.safetensors draw0/words") && $0.hasSuffix("ok") })
  }
}
