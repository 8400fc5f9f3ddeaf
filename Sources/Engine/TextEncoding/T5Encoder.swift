import Autograd
import Foundation
import Layers
import Tensors

/// The encoder of T5 v1.1 (`model.md` section 5; §5.3.1 of the paper uses T5-XL): prompts in, one vector a token out.
///
/// Batches are ragged: the tokens of all prompts lie one after another as rows, and attention keeps to each prompt's
/// own, so that a prompt's rows are the same alone and in a batch. Not `Sendable`: used from one thread at a time.
package final class T5Encoder {
  package let configuration: T5Configuration
  /// All weights, under Hugging Face's names.
  package let store: ParameterStore
  private let blocks: [T5Block]

  package init(_ configuration: T5Configuration, store: ParameterStore) {
    self.configuration = configuration
    self.store = store
    blocks = (0..<configuration.layers).map { T5Block(store, index: $0, heads: configuration.heads) }
  }

  /// Loads `config.json` and the weights of `folder`: ours, or public ones with the decoder left unread.
  package convenience init(folder: URL) throws {
    let configuration = try T5Configuration(contentsOf: folder.appending(path: "config.json"))
    let store = try ParameterStore(
      folder: folder, specifications: Self.specifications(configuration), ignoring: Self.isIgnored)
    self.init(configuration, store: store)
  }

  /// Whether a public file may hold a weight of this name that the encoder does not need: the decoder's, and a second
  /// copy of `shared.weight`.
  package static func isIgnored(_ weight: String) -> Bool {
    weight.hasPrefix("decoder.") || weight.hasPrefix("lm_head.") || weight == "encoder.embed_tokens.weight"
  }

  /// Every weight of an encoder of this shape.
  package static func specifications(_ configuration: T5Configuration) -> [ParameterSpecification] {
    let vocabulary = [configuration.vocabularySize, configuration.hidden]
    return [ParameterSpecification("shared.weight", vocabulary, .normal(standardDeviation: 1))]
      + (0..<configuration.layers).flatMap { T5Block.specifications(configuration, index: $0) }
      + [ParameterSpecification("encoder.final_layer_norm.weight", [configuration.hidden], .ones)]
  }

  /// Encodes prompts, given as token ids (EOS last).
  ///
  /// - Returns: rows [all tokens, hidden] and where each prompt's rows are.
  /// - Precondition: every prompt has a token, every id is below `vocabularySize`.
  package func encode(_ prompts: [[Int]], on tape: Tape) -> (rows: Variable, ranges: [Range<Int>]) {
    let ids = prompts.flatMap { $0 }
    let vocabulary = configuration.vocabularySize
    precondition(
      ids.allSatisfy { (0..<vocabulary).contains($0) }, "token ids up to \(ids.max() ?? 0) of \(vocabulary)")
    let windows = T5Encoder.windows(prompts.map(\.count))
    var x = tape.gatherRows(tape.read(store["shared.weight"]), ids)
    let table = store["\(T5Block.attention(0)).relative_attention_bias.weight"]
    for block in blocks { x = block(x, table: table, windows: windows.attention, on: tape) }
    return (tape.rmsNorm(x, weight: store["encoder.final_layer_norm.weight"]), windows.ranges)
  }

  private static func windows(_ counts: [Int]) -> (attention: AttentionWindows, ranges: [Range<Int>]) {
    var ranges: [Range<Int>] = []
    for count in counts {
      precondition(count > 0, "a prompt without tokens, at least EOS is expected")
      let start = ranges.last?.upperBound ?? 0
      ranges.append(start..<(start + count))
    }
    return (AttentionWindows(ranges.map { $0.map(Int32.init) }), ranges)
  }
}

/// One block: x += o(Attn(RMS(x))); x += wo(GELU(wi_0(n)) ⊙ wi_1(n)) with n = RMS(x). No biases anywhere.
private struct T5Block {
  private let heads: Int
  private let attentionNorm: Parameter
  private let query, key, value, output: Linear
  private let feedForwardNorm: Parameter
  private let gate, up, down: Linear

  static func attention(_ index: Int) -> String { "encoder.block.\(index).layer.0.SelfAttention" }
  private static func feedForward(_ index: Int) -> String { "encoder.block.\(index).layer.1.DenseReluDense" }
  private static func norm(_ index: Int, _ layer: Int) -> String {
    "encoder.block.\(index).layer.\(layer).layer_norm.weight"
  }

  init(_ store: ParameterStore, index: Int, heads: Int) {
    self.heads = heads
    let (attention, feedForward) = (Self.attention(index), Self.feedForward(index))
    attentionNorm = store[Self.norm(index, 0)]
    query = Linear(store, "\(attention).q", bias: false)
    key = Linear(store, "\(attention).k", bias: false)
    value = Linear(store, "\(attention).v", bias: false)
    output = Linear(store, "\(attention).o", bias: false)
    feedForwardNorm = store[Self.norm(index, 1)]
    gate = Linear(store, "\(feedForward).wi_0", bias: false)
    up = Linear(store, "\(feedForward).wi_1", bias: false)
    down = Linear(store, "\(feedForward).wo", bias: false)
  }

  static func specifications(_ configuration: T5Configuration, index: Int) -> [ParameterSpecification] {
    let (attention, feedForward) = (attention(index), feedForward(index))
    let (hidden, inner) = (configuration.hidden, configuration.heads * configuration.headWidth)
    // Queries begin small because logits are not scaled, as in T5.
    let deviation = 1 / Double(hidden * configuration.headWidth).squareRoot()
    var all = [ParameterSpecification("\(attention).q.weight", [inner, hidden], .normal(standardDeviation: deviation))]
    all += ["k", "v"].flatMap { Linear.specifications("\(attention).\($0)", in: hidden, out: inner, bias: false) }
    all += Linear.specifications("\(attention).o", in: inner, out: hidden, bias: false)
    if index == 0 {
      // One table for all blocks, kept by the first.
      let shape = [configuration.buckets, configuration.heads]
      let name = "\(attention).relative_attention_bias.weight"
      all.append(ParameterSpecification(name, shape, .normal(standardDeviation: 0.02)))
    }
    all.append(ParameterSpecification(norm(index, 0), [hidden], .ones))
    all += ["wi_0", "wi_1"].flatMap {
      Linear.specifications("\(feedForward).\($0)", in: hidden, out: configuration.feedForward, bias: false)
    }
    all += Linear.specifications("\(feedForward).wo", in: configuration.feedForward, out: hidden, bias: false)
    all.append(ParameterSpecification(norm(index, 1), [hidden], .ones))
    return all
  }

  /// x [N, hidden] → [N, hidden].
  func callAsFunction(_ x: Variable, table: Parameter, windows: AttentionWindows, on tape: Tape) -> Variable {
    let normed = tape.rmsNorm(x, weight: attentionNorm)
    // [N, heads·headWidth] each; logits are not scaled.
    let attended = tape.textAttention(
      query: query(normed, on: tape), key: key(normed, on: tape), value: value(normed, on: tape), heads: heads,
      table: table, bucket: relativePositionBucket, windows: windows)
    let middle = tape.add(x, output(attended, on: tape))
    let inner = tape.rmsNorm(middle, weight: feedForwardNorm)
    let gated = tape.multiply(tape.gelu(gate(inner, on: tape)), up(inner, on: tape))
    return tape.add(middle, down(gated, on: tape))
  }
}
