import Layers
import Tensors

extension TransformerConfiguration {
  /// The model's parts, with the cost of one pass over one clip under a text of `textTokens` tokens. The text's own
  /// projections and keys count here, though a sampler computes them once (model.md section 14).
  package func parts(textTokens: Int) -> [ModelPart] {
    var parts = [ModelPart](specifications, part: Self.part(of:))
    let tokens = frames * tokensPerFrame
    addEnds(to: &parts, tokens: tokens, textTokens: textTokens)
    for layer in 0..<layers { addLayer(layer, to: &parts, tokens: tokens, textTokens: textTokens) }
    return parts
  }

  private static func part(of weight: String) -> String {
    let name = weight.split(separator: ".").drop { $0 == "layers" || Int($0) != nil }.first.map(String.init) ?? weight
    switch name {
    case "patch", "pos_space", "pos_time", "lr_up": return "embedding"
    case "time_mlp", "tsr_mlp", "class_emb", "text_pool": return "conditioning"
    case "text_proj", "null_text": return "text"
    case "adaln", "adaln_down", "adaln_up": return "modulation"
    case "attn": return "self-attention"
    case "cross": return "cross-attention"
    case "mlp": return "feed-forward"
    default: return "output"
    }
  }

  private func addEnds(to parts: inout [ModelPart], tokens: Int, textTokens: Int) {
    let (d, area) = (hidden, patch * patch)
    parts.add(.linear(rows: tokens, in: area * inputChannels, out: d), to: "embedding")
    let embeddedTimes = isUpsampler ? 2 : 1
    parts.add(embeddedTimes * (.linear(rows: 1, in: 256, out: d) + .linear(rows: 1, in: d, out: d)), to: "conditioning")
    if isUpsampler {
      let positions = frames * size.height * size.width / 4
      parts.add(
        .convolution(
          positions: positions, inputPositions: positions, taps: 9, in: lowResolutionChannels, out: 4 * channels),
        to: "embedding")
    }
    if hasText { parts.add(.linear(rows: textTokens, in: textWidth, out: d), to: "text") }
    if hasPooledText {
      parts.add(.linear(rows: 1, in: textWidth, out: d) + .linear(rows: 1, in: d, out: d), to: "conditioning")
    }
    if case .lowRank = modulation { parts.add(.linear(rows: 1, in: d, out: 6 * d), to: "modulation") }
    parts.add(
      .linear(rows: 1, in: d, out: 2 * d) + .linear(rows: tokens, in: d, out: area * channels), to: "output")
  }

  private func addLayer(_ layer: Int, to parts: inout [ModelPart], tokens: Int, textTokens: Int) {
    let d = hidden
    switch modulation {
    case .lowRank(let rank):
      parts.add(.linear(rows: 1, in: d, out: rank) + .linear(rows: 1, in: rank, out: 6 * d), to: "modulation")
    case .separate: parts.add(.linear(rows: 1, in: d, out: 6 * d), to: "modulation")
    }
    let window = attentionWindow(layer: layer)
    let size = window.t * window.h * window.w
    parts.add(
      .linear(rows: tokens, in: d, out: 3 * d) + .linear(rows: tokens, in: d, out: d)
        + .attention(queries: tokens, keys: size, width: d, heads: heads, windows: tokens / size),
      to: "self-attention")
    if hasText {
      let own = crossWindow == .same ? size : spatialWindow.height * spatialWindow.width
      let projections: ComputeCost = .linear(rows: tokens, in: d, out: 2 * d) + 2 * .linear(rows: tokens, in: d, out: d)
      parts.add(
        projections + .linear(rows: textTokens, in: d, out: 2 * d)
          + .attention(queries: tokens, keys: own + textTokens, width: d, heads: heads, windows: tokens / own),
        to: "cross-attention")
    }
    parts.add(
      .linear(rows: tokens, in: d, out: feedForward) + .linear(rows: tokens, in: feedForward, out: d),
      to: "feed-forward")
  }
}

extension TransformerConfiguration {
  /// Bytes of the weights of a loaded model.
  package func weightByteCount(storedAs type: FloatType) -> Int {
    specifications.residentByteCount(storedAs: type) { Self.tables.contains($0) || $0.hasSuffix(".rel_bias") }
  }

  private static let tables: Set<String> = ["pos_space", "pos_time", "class_emb", "null_text"]

  /// Bytes beside the weights that a pass over `itemCount` clips holds at its peak, texts of `textTokens` tokens
  /// prepared.
  package func activationByteCount(itemCount: Int, textTokens: Int) -> Int {
    let tokens = itemCount * frames * tokensPerFrame
    let windows = (0..<layers).map { layer in
      let window = attentionWindow(layer: layer)
      return window.t * window.h * window.w
    }
    let largest = windows.max() ?? 0
    // Three rows of d are alive beside both of the feed-forward's; or beside queries, keys, values and their mixture,
    // with the bias of every pair in the window.
    let inFeedForward = tokens * (3 * hidden + 2 * feedForward)
    let inAttention = tokens * (2 + 4) * hidden + heads * largest * largest
    let text = hasText ? layers * (textTokens + 1) * 2 * hidden : 0
    // The place of each pair of a window in the table of relative positions is kept for each layer.
    let places = windows.reduce(0) { $0 + $1 * $1 }
    return 4 * (max(inFeedForward, inAttention) + text + places)
  }
}
