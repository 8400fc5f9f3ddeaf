import Autograd
import Foundation
import Kernels
import Tensors
import Testing
import Weights

@testable import TextEncoding

/// Against Hugging Face's `transformers` package (4.46.3): token ids of its `T5Tokenizer`, vectors of its
/// `T5EncoderModel` in float32, for a model in the form in which that package publishes models.
@Suite struct TransformersTests {
  private static func fixture(_ name: String) throws -> URL {
    try #require(Bundle.module.resourceURL).appending(path: "Fixtures/\(name)")
  }

  private struct TokenCases: Decodable {
    struct Case: Decodable {
      let text: String
      let ids: [Int]

      init(from decoder: any Decoder) throws {
        var pair = try decoder.unkeyedContainer()
        text = try pair.decode(String.self)
        ids = try pair.decode([Int].self)
      }
    }
    let cases: [Case]
  }

  @Test("1,000 varied strings have the ids that transformers gives them")
  func tokens() throws {
    let file = try Self.fixture("transformers-tokens.json")
    let cases = try JSONDecoder().decode(TokenCases.self, from: Data(contentsOf: file)).cases
    #expect(cases.count == 1000)
    let tokenizer = try Tokenizer(modelFile: Self.fixture("spiece.model"), maxTokens: 512)
    for known in cases { #expect(try tokenizer.encode(known.text) == known.ids, "\(known.text.debugDescription)") }
  }

  @Test("a published model in shards, decoder and all, gives the vectors that transformers gives")
  func vectors() throws {
    let folder = try Self.fixture("huggingface-t5")
    let encoder = try T5Encoder(folder: folder)
    let tokenizer = try Tokenizer(
      modelFile: Self.fixture("spiece.model"), maxTokens: encoder.configuration.maxTokens)
    let prompts = try JSONDecoder().decode(
      [String].self, from: Data(contentsOf: folder.appending(path: "prompts.json")))
    let known = try SafetensorsFile(path: folder.appending(path: "vectors.safetensors").path)
    let tape = Tape(device: ComputeDevice(threadCount: 2), recording: false)
    let encoded = encoder.encode(try prompts.map { try tokenizer.encode($0) }, on: tape)
    for (index, range) in encoded.ranges.enumerated() {
      let expected = try known.tensor("prompt\(index)")
      let rows = encoded.rows.value.rows(range)
      #expect(rows.shape == expected.shape)
      let largest = zip(rows.array, expected.array).map { abs($0 - $1) }.max() ?? .infinity
      #expect(largest < 2e-5, "\(prompts[index]): largest difference \(largest)")
    }
  }
}
