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
    let encoder = T5Encoder(configuration, store: try file.store(T5Encoder.specifications(configuration)))
    var result = Recomputed()
    for golden in file.cases {
      let shape = try file.tensors.shape(of: "\(golden.name)/in/ids")
      let ids = try file.integers(golden, "ids")
      let mask = try file.optionalIntegers(golden, "mask") ?? ids.map { _ in 1 }
      let kept = (0..<shape[0]).map { prompt in
        (0..<shape[1]).map { prompt * shape[1] + $0 }.filter { mask[$0] != 0 }
      }
      let encoded = encoder.encode(kept.map { $0.map { ids[$0] } }, on: Tape(device: device, recording: false))
      let width = configuration.hidden
      let all = Tensor(zeros: [ids.count, width])
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
