import Autograd
import Layers

/// One layer (model.md section 3.3), spatial or spatiotemporal by its windows.
package struct TransformerLayer {
  package let modulation: LayerModulation
  package let attention: WindowAttention
  /// In models with text.
  package let cross: CrossAttention?
  private let feedForward: Perceptron

  init(_ store: ParameterStore, _ model: TransformerConfiguration, layer: Int) {
    modulation = LayerModulation(store, model, layer: layer)
    attention = WindowAttention(store, "layers.\(layer).attn", model, layer: layer)
    cross = model.hasText ? CrossAttention(store, "layers.\(layer).cross", model) : nil
    feedForward = Perceptron(store, "layers.\(layer).mlp", activation: .gelu)
  }

  static func specifications(_ model: TransformerConfiguration, layer: Int) -> [ParameterSpecification] {
    let (d, name) = (model.hidden, "layers.\(layer)")
    return LayerModulation.specifications(model, layer: layer)
      + WindowAttention.specifications("\(name).attn", model, layer: layer)
      + (model.hasText ? CrossAttention.specifications("\(name).cross", model) : [])
      + Perceptron.specifications("\(name).mlp", in: d, hidden: model.feedForward, out: d)
  }

  /// x [N, d] → [N, d].
  ///
  /// - Parameters:
  ///   - modulation: A of this layer, [U, 6d].
  ///   - conditionOfFrame: its row for each frame.
  ///   - crossWindows, text: the windows and this layer's text keys and values; nil in models without text.
  package func callAsFunction(
    _ x: Variable, modulation: Variable, conditionOfFrame: [Int], windows: AttentionWindows,
    crossWindows: AttentionWindows?, text: Variable?, on tape: Tape
  ) -> Variable {
    // h1 = (1 + γ1) ⊙ LN(x) + β1;  x = x + α1 ⊙ SelfAttn(h1)
    let h1 = tape.modulatedLayerNorm(
      x, modulation: modulation, scale: LayerModulation.Part.scale1, shift: LayerModulation.Part.shift1,
      conditionOfBlock: conditionOfFrame)
    var x = tape.gatedResidual(
      x, attention(h1, windows: windows, on: tape), modulation: modulation, gate: LayerModulation.Part.gate1,
      conditionOfBlock: conditionOfFrame)
    // x = x + CrossAttn(LN(x), text)
    if let cross, let crossWindows, let text {
      x = tape.add(x, cross(x, text: text, windows: crossWindows, on: tape))
    }
    // h2 = (1 + γ2) ⊙ LN(x) + β2;  x = x + α2 ⊙ fc2(GELU(fc1(h2)))
    let h2 = tape.modulatedLayerNorm(
      x, modulation: modulation, scale: LayerModulation.Part.scale2, shift: LayerModulation.Part.shift2,
      conditionOfBlock: conditionOfFrame)
    return tape.gatedResidual(
      x, feedForward(h2, on: tape), modulation: modulation, gate: LayerModulation.Part.gate2,
      conditionOfBlock: conditionOfFrame)
  }
}
