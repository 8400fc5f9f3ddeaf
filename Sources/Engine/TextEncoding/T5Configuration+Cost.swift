import Layers
import Tensors

extension T5Configuration {
  /// The encoder's parts, with the cost of one prompt of `tokens` tokens.
  package func parts(tokens: Int) -> [ModelPart] {
    var parts = [ModelPart](T5Encoder.specifications(self)) { name in
      name.contains("SelfAttention") ? "attention" : name.contains("DenseReluDense") ? "feed-forward" : Self.rest(name)
    }
    let inner = heads * headWidth
    let attention: ComputeCost =
      3 * .linear(rows: tokens, in: hidden, out: inner) + .linear(rows: tokens, in: inner, out: hidden)
      + .attention(queries: tokens, keys: tokens, width: inner, heads: heads, windows: 1)
    let dense: ComputeCost =
      2 * .linear(rows: tokens, in: hidden, out: feedForward) + .linear(rows: tokens, in: feedForward, out: hidden)
    parts.add(layers * attention, to: "attention")
    parts.add(layers * dense, to: "feed-forward")
    return parts
  }

  private static func rest(_ weight: String) -> String { weight == "shared.weight" ? "embedding" : "norms" }

  /// Bytes of the weights of a loaded encoder.
  package func weightByteCount(storedAs type: FloatType) -> Int {
    T5Encoder.specifications(self).residentByteCount(storedAs: type) {
      $0 == "shared.weight" || $0.hasSuffix("relative_attention_bias.weight")
    }
  }

  /// Bytes beside the weights that encoding a prompt of `tokens` tokens holds at its peak.
  package func activationByteCount(tokens: Int) -> Int {
    let inFeedForward = tokens * (3 * hidden + 3 * feedForward)
    let inAttention = tokens * (2 * hidden + 4 * heads * headWidth) + heads * tokens * tokens
    return 4 * max(inFeedForward, inAttention)
  }
}
