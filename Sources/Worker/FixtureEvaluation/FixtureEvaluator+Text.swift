import Autograd
import DurableFiles
import Foundation
import Tensors
import TextEncoding
import Weights

extension FixtureEvaluator {
  /// The encoder's outputs, masked rows zero, and the buckets of relative positions.
  func recomputeText(_ file: FixtureFile) throws -> Recomputed {
    let configuration = try T5Configuration(file.configuration())
    let encoder = T5Encoder(
      configuration,
      store: try file.store(
        T5Encoder.specifications(configuration), ignoring: { T5Encoder.isIgnored(String($0.dropFirst(2))) }))
    var result = Recomputed()
    for golden in file.cases {
      let prompts = try FixturePrompts(file, golden, vocabulary: configuration.vocabularySize)
      let kept = prompts.kept.filter { !$0.isEmpty }
      let encoded = encoder.encode(
        kept.map { $0.map { prompts.ids[$0] } }, on: Tape(device: device, recording: false))
      let width = configuration.hidden
      let all = Tensor(zeros: [prompts.ids.count, width])
      for (place, row) in zip(kept.joined(), 0...) {
        (all.pointer + place * width).update(from: encoded.rows.value.pointer + row * width, count: width)
      }
      result.add(golden, "y", all)
    }
    if file.tensors.contains("bucket_rel") {
      let relative = try file.tensors.integers("bucket_rel")
      result["bucket_rel"] = .integers(relative)
      result["bucket"] = .integers(relative.map(relativePositionBucket))
    }
    return result
  }

  /// `tokenizer.json`: the ids of every text.
  func evaluateTokenizer(out: URL, report: (String) -> Void) throws -> Bool {
    var golden = try JSONDecoder().decode(
      TokenizerFixture.self, from: Data(contentsOf: fixtures.appending(path: "tokenizer.json")))
    let tokenizer = try Tokenizer(modelFile: fixtures.appending(path: golden.model), maxTokens: 1 << 16)
    golden.pieceCount = tokenizer.pieceCount
    var wrong = 0
    for (index, expected) in golden.cases.enumerated() {
      let ids = try tokenizer.encode(expected.text)
      if ids != expected.ids { wrong += 1 }
      golden.cases[index].ids = ids
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try DurableFile.replace(out.appending(path: "tokenizer.json").path, with: encoder.encode(golden))
    report("tokenizer.json ids: \(wrong) of \(golden.cases.count) texts differ \(wrong == 0 ? "ok" : "OVER")")
    return wrong == 0
  }
}

extension FixtureFile {
  /// The ids, all of which must have a row in the encoder's table.
  func checked(_ ids: [Int], of golden: FixtureCase, vocabulary: Int) throws -> [Int] {
    if let wrong = ids.first(where: { !(0..<vocabulary).contains($0) }) {
      throw error("\(golden.name)/in/ids holds \(wrong), the vocabulary has 0 to \(vocabulary - 1)")
    }
    return ids
  }
}

/// The prompts of a case, [B, n] token ids, and which of their tokens are not masked.
private struct FixturePrompts {
  let ids: [Int]
  /// Places in `ids`, for each prompt.
  let kept: [Range<Int>]

  init(_ file: FixtureFile, _ golden: FixtureCase, vocabulary: Int) throws {
    let name = "\(golden.name)/in/ids"
    let shape = try file.tensors.shape(of: name)
    guard shape.count == 2 else { throw file.error("\(name) is \(shape), expected [B, n]", code: .wrongShape) }
    let ids = try file.checked(file.integers(golden, "ids"), of: golden, vocabulary: vocabulary)
    let mask = try file.optionalIntegers(golden, "mask") ?? [Int](repeating: 1, count: ids.count)
    guard mask.count == ids.count else {
      throw file.error("\(golden.name)/in/mask has \(mask.count) entries, expected \(ids.count)", code: .wrongShape)
    }
    self.ids = ids
    kept = try (0..<shape[0]).map { prompt in
      let places = (prompt * shape[1]..<(prompt + 1) * shape[1]).filter { mask[$0] != 0 }
      guard let first = places.first, let last = places.last else { return 0..<0 }
      // Tokens left out would not shift those behind them, as leaving them out of a prompt does.
      guard last - first == places.count - 1 else {
        throw file.error("\(golden.name)/in/mask has a gap; only tokens before and behind a prompt can be masked")
      }
      return first..<(last + 1)
    }
  }
}

private struct TokenizerFixture: Codable {
  struct Case: Codable {
    let text: String
    var ids: [Int]
  }
  let model: String
  var pieceCount: Int
  var cases: [Case]

  enum CodingKeys: String, CodingKey {
    case model, cases
    case pieceCount = "vocab_size"
  }
}
