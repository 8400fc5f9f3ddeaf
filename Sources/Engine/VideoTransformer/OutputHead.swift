import Autograd
import Layers

/// y = fin((1 + γf) ⊙ LN(x) + βf), (γf|βf) from SiLU(u) (model.md section 3.6).
package struct OutputHead {
  private let modulation: Linear
  private let projection: Linear

  init(_ store: ParameterStore) {
    modulation = Linear(store, "final.adaln")
    projection = Linear(store, "final.proj")
  }

  static func specifications(_ model: TransformerConfiguration) -> [ParameterSpecification] {
    Linear.specifications("final.adaln", in: model.hidden, out: 2 * model.hidden, zero: true)
      + Linear.specifications(
        "final.proj", in: model.hidden, out: model.patch * model.patch * model.channels, zero: true)
  }

  /// x [N, d] → [N, p·p·c].
  ///
  /// - Parameter activated: SiLU(u), [U, d].
  package func callAsFunction(
    _ x: Variable, activated: Variable, conditionOfFrame: [Int], on tape: Tape
  ) -> Variable {
    let h = tape.modulatedLayerNorm(
      x, modulation: modulation(activated, on: tape), scale: 0, shift: 1, conditionOfBlock: conditionOfFrame)
    return projection(h, on: tape)
  }
}
