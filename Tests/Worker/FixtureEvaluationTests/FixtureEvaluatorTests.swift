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

  /// Files of an independent reading of `model.md`, in numpy: what the other golden files leave out.
  private var varied: URL { URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures") }

  @Test("what other configurations do: mixed batches with given frames, texts of frames, classes, halved time, chunks")
  func variedConfigurations() throws {
    defer { try? FileManager.default.removeItem(at: root) }
    var lines: [String] = []
    let evaluator = FixtureEvaluator(fixtures: varied, out: out, device: ComputeDevice(threadCount: 2))
    #expect(try evaluator.run { lines.append($0) })
    #expect(lines.filter { !$0.hasSuffix(" ok") }.isEmpty)
    #expect(lines.count == 33)
  }

  @Test(
    "inputs that a model cannot take are reported with file, tensor and what is allowed",
    arguments: [
      ("walt_mixed_given.safetensors", #""height": 3, "width": 5"#, #""height": 3, "width": 10"#, "pos_space"),
      ("walt_mixed_given.safetensors", #""n_cond": 2"#, #""n_cond": 6"#, "n_cond is 6, allowed are 0 to 5"),
      ("walt_mixed_given.safetensors", #""cross_window": "spatial""#, #""cross_window": "same""#, "has images"),
      ("ae_half_time.safetensors", #""sizes": ["#, #""sizes": [9, "#, "expected"),
      ("sample_class.safetensors", #""steps": 3"#, #""steps": 0"#, "steps is 0, allowed are 1 to 1000"),
      ("aspect_windows.safetensors", #""rank": 3"#, #""rank": 0"#, "rank is 0"),
      ("train_loss_text.safetensors", #""k": 612"#, #""k": 1000"#, "k is 1000, allowed are 0 to 999"),
      ("t5_duplicate.safetensors", #""num_buckets": 32"#, #""num_buckets": 64"#, "supported are 32 and 128"),
      ("steps.safetensors", #""k": 500"#, #""eta": 0.5, "k": 500"#, "in/n is missing"),
      ("casc_classes_long.safetensors", #""chunks": 2"#, #""chunks": 0"#, "chunks is 0"),
    ])
  func badInput(name: String, good: String, bad: String, message: String) throws {
    defer { try? FileManager.default.removeItem(at: root) }
    for file in try FileManager.default.contentsOfDirectory(at: varied, includingPropertiesForKeys: nil)
    where file.lastPathComponent == name || !file.lastPathComponent.contains(".") {
      try FileManager.default.createSymbolicLink(
        at: fixtures.appending(path: file.lastPathComponent), withDestinationURL: file)
    }
    let manifest = String(decoding: try Data(contentsOf: varied.appending(path: "manifest.json")), as: UTF8.self)
    #expect(manifest.contains(good))
    try? FileManager.default.removeItem(at: fixtures.appending(path: "manifest.json"))
    try Data(manifest.replacing(good, with: bad).utf8).write(to: fixtures.appending(path: "manifest.json"))
    try keep { $0 == name }
    var lines: [String] = []
    let evaluator = FixtureEvaluator(fixtures: fixtures, out: out, device: ComputeDevice(threadCount: 2))
    #expect(try !evaluator.run { lines.append($0) })
    #expect(lines.contains { $0.contains(name) && $0.contains(message) }, "\(lines)")
  }
}
