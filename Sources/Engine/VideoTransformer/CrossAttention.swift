import Autograd
import Layers

/// Attention from a window's tokens to themselves and the text: the conditioning signal is concatenated to the input
/// (§4.3, model.md section 3.5).
package struct CrossAttention {
  private let heads: Int
  private let norm: LayerNorm
  private let query: Linear
  private let keyValue: Linear
  private let queryScale: Parameter
  private let keyScale: Parameter
  private let projection: Linear

  init(_ store: ParameterStore, _ name: String, _ model: TransformerConfiguration) {
    heads = model.heads
    norm = LayerNorm(store, "\(name).norm")
    query = Linear(store, "\(name).q")
    keyValue = Linear(store, "\(name).kv")
    queryScale = store["\(name).q_scale"]
    keyScale = store["\(name).k_scale"]
    projection = Linear(store, "\(name).proj")
  }

  static func specifications(_ name: String, _ model: TransformerConfiguration) -> [ParameterSpecification] {
    let d = model.hidden
    return LayerNorm.specifications("\(name).norm", width: d) + Linear.specifications("\(name).q", in: d, out: d)
      + Linear.specifications("\(name).kv", in: d, out: 2 * d)
      + [
        ParameterSpecification("\(name).q_scale", [model.headWidth], .ones),
        ParameterSpecification("\(name).k_scale", [model.headWidth], .ones),
      ]
      + Linear.specifications("\(name).proj", in: d, out: d, zero: true)
  }

  /// Keys and values of projected text [M, d] → [M, 2d]. They depend on nothing else.
  package func keysAndValues(ofText text: Variable, on tape: Tape) -> Variable { keyValue(text, on: tape) }

  /// x [N, d] → [N, d], from the normed tokens.
  ///
  /// - Parameter text: `keysAndValues(ofText:)`, to whose rows the windows point.
  package func callAsFunction(
    _ x: Variable, text: Variable, windows: AttentionWindows, on tape: Tape
  ) -> Variable {
    let normed = norm(x, on: tape)
    let mixed = tape.crossAttention(
      query: query(normed, on: tape), keyValue: keyValue(normed, on: tape), textKeyValue: text, heads: heads,
      queryScale: queryScale, keyScale: keyScale, windows: windows)
    return projection(mixed, on: tape)
  }
}
