import Autograd
import Layers

/// Self-attention within windows: normalised queries and keys, a learned bias for each relative position (§5.2).
package struct WindowAttention {
  private let heads: Int
  private let qkv: Linear
  private let queryScale: Parameter
  private let keyScale: Parameter
  private let bias: RelativePositionBias
  private let projection: Linear

  init(_ store: ParameterStore, _ name: String, _ model: TransformerConfiguration, layer: Int) {
    heads = model.heads
    qkv = Linear(store, "\(name).qkv")
    queryScale = store["\(name).q_scale"]
    keyScale = store["\(name).k_scale"]
    bias = RelativePositionBias(table: store["\(name).rel_bias"], window: model.attentionWindow(layer: layer))
    projection = Linear(store, "\(name).proj")
  }

  static func specifications(
    _ name: String, _ model: TransformerConfiguration, layer: Int
  ) -> [ParameterSpecification] {
    let (d, window) = (model.hidden, model.attentionWindow(layer: layer))
    return Linear.specifications("\(name).qkv", in: d, out: 3 * d)
      + [
        ParameterSpecification("\(name).q_scale", [model.headWidth], .ones),
        ParameterSpecification("\(name).k_scale", [model.headWidth], .ones),
        ParameterSpecification(
          "\(name).rel_bias", [2 * window.t - 1, 2 * window.h - 1, 2 * window.w - 1, model.heads],
          .normal(standardDeviation: 0.02)),
      ]
      + Linear.specifications("\(name).proj", in: d, out: d)
  }

  /// x [N, d] → [N, d].
  package func callAsFunction(_ x: Variable, windows: AttentionWindows, on tape: Tape) -> Variable {
    let mixed = tape.selfAttention(
      qkv: qkv(x, on: tape), heads: heads, queryScale: queryScale, keyScale: keyScale, bias: bias, windows: windows)
    return projection(mixed, on: tape)
  }
}

extension TransformerConfiguration {
  /// The window of a layer's self-attention, in tokens.
  func attentionWindow(layer: Int) -> (t: Int, h: Int, w: Int) {
    isSpatiotemporal(layer: layer)
      ? (frames, spatiotemporalWindow.height, spatiotemporalWindow.width)
      : (1, spatialWindow.height, spatialWindow.width)
  }
}
