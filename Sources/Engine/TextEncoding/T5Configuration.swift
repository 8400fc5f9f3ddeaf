import Foundation
import Weights

/// The shape of a T5 v1.1 encoder (`config.json`, model.md section 10.3).
package struct T5Configuration: Sendable, Hashable {
  package var vocabularySize: Int
  package var hidden: Int
  /// Width of one head.
  package var headWidth: Int
  package var feedForward: Int
  package var layers: Int
  package var heads: Int
  /// Rows of the relative position table.
  package var buckets: Int
  package var maxDistance: Int
  /// The longest prompt in tokens, the end token among them.
  package var maxTokens: Int

  package init(
    vocabularySize: Int, hidden: Int, headWidth: Int, feedForward: Int, layers: Int, heads: Int, buckets: Int = 32,
    maxDistance: Int = 128, maxTokens: Int = 128
  ) {
    self.vocabularySize = vocabularySize
    self.hidden = hidden
    self.headWidth = headWidth
    self.feedForward = feedForward
    self.layers = layers
    self.heads = heads
    self.buckets = buckets
    self.maxDistance = maxDistance
    self.maxTokens = maxTokens
  }

  /// Reads our `config.json` (`"type": "t5"`, unknown keys refused) or Hugging Face's (`"model_type": "t5"`, what
  /// does not concern the encoder ignored).
  package init(contentsOf file: URL) throws { try self.init(ConfigurationObject(contentsOf: file)) }

  package init(_ object: ConfigurationObject) throws {
    let isHuggingFace = object.has("model_type") && !object.has("type")
    if isHuggingFace {
      try Self.requireEncoder(object)
    } else {
      try object.requireType("t5")
    }
    vocabularySize = try object.integer("vocab_size", in: 1...10_000_000)
    hidden = try object.integer("d_model", in: 1...65536)
    headWidth = try object.integer("d_kv", in: 1...4096)
    feedForward = try object.integer("d_ff", in: 1...1_048_576)
    layers = try object.integer("num_layers", in: 1...1024)
    heads = try object.integer("num_heads", in: 1...1024)
    let bucketsKey = isHuggingFace ? "relative_attention_num_buckets" : "num_buckets"
    buckets = try object.optionalInteger(bucketsKey, in: 4...4096) ?? 32
    let distanceKey = isHuggingFace ? "relative_attention_max_distance" : "max_distance"
    maxDistance = try object.optionalInteger(distanceKey, in: 1...65536) ?? 128
    maxTokens = try object.optionalInteger("max_tokens", in: 1...65536) ?? 128
    if isHuggingFace { object.ignoreOthers() }
    guard buckets == 32, maxDistance == 128 else {
      throw object.error(
        .invalidValue, bucketsKey, "and \(distanceKey) are \(buckets) and \(maxDistance), supported are 32 and 128")
    }
    try object.finish()
  }

  /// Refuses what Hugging Face calls t5 and computes otherwise: v1.0's ungated feed-forward.
  private static func requireEncoder(_ object: ConfigurationObject) throws {
    let type = try object.string("model_type")
    guard type == "t5" else { throw object.error(.invalidValue, "model_type", "is \"\(type)\", expected \"t5\"") }
    let projection = try object.string("feed_forward_proj")
    guard projection == "gated-gelu" else {
      throw object.error(
        .invalidValue, "feed_forward_proj", "is \"\(projection)\", expected \"gated-gelu\" (T5 v1.1)")
    }
  }

  /// What `config.json` says.
  package var json: String {
    """
    {"type":"t5","vocab_size":\(vocabularySize),"d_model":\(hidden),"d_kv":\(headWidth),"d_ff":\(feedForward),\
    "num_layers":\(layers),"num_heads":\(heads),"num_buckets":\(buckets),"max_distance":\(maxDistance),\
    "max_tokens":\(maxTokens)}

    """
  }
}
