import Foundation
import Testing
import TextEncoding
import Weights

@Suite("A text encoder's configuration")
struct T5ConfigurationTests {
  private func configuration(_ json: String) throws -> T5Configuration {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("t5-\(UUID().uuidString).json")
    try Data(json.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try T5Configuration(contentsOf: file)
  }

  @Test("is read back as it was written")
  func roundTrip() throws {
    let written = T5Configuration(
      vocabularySize: 400, hidden: 128, headWidth: 32, feedForward: 256, layers: 3, heads: 4, maxTokens: 64)
    #expect(try configuration(written.json) == written)
  }

  @Test("may be Hugging Face's, whose other keys do not matter")
  func huggingFace() throws {
    let read = try configuration(
      """
      {"architectures": ["T5ForConditionalGeneration"], "d_ff": 5120, "d_kv": 64, "d_model": 2048,
       "decoder_start_token_id": 0, "dropout_rate": 0.1, "eos_token_id": 1, "feed_forward_proj": "gated-gelu",
       "initializer_factor": 1.0, "is_encoder_decoder": true, "layer_norm_epsilon": 1e-06, "model_type": "t5",
       "num_decoder_layers": 24, "num_heads": 32, "num_layers": 24, "output_past": true, "pad_token_id": 0,
       "relative_attention_num_buckets": 32, "tie_word_embeddings": false, "use_cache": true, "vocab_size": 32128}
      """)
    #expect(
      read
        == T5Configuration(
          vocabularySize: 32128, hidden: 2048, headWidth: 64, feedForward: 5120, layers: 24, heads: 32))
  }

  @Test("of Hugging Face's ungated T5 is refused")
  func ungated() {
    #expect {
      _ = try configuration(#"{"model_type": "t5", "feed_forward_proj": "relu", "vocab_size": 10}"#)
    } throws: {
      "\($0)".contains("feed_forward_proj is \"relu\", expected \"gated-gelu\"")
    }
  }

  @Test("of ours is strict about its keys")
  func strict() {
    let json = T5Configuration(vocabularySize: 10, hidden: 8, headWidth: 4, feedForward: 8, layers: 1, heads: 2).json
    #expect {
      _ = try configuration(json.replacingOccurrences(of: "\"d_ff\"", with: "\"dff\":1,\"d_ff\""))
    } throws: {
      ($0 as? WeightsError)?.code == .unknownKey && "\($0)".contains("did you mean \"d_ff\"?")
    }
  }
}
