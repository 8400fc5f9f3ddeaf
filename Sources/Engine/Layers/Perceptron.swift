import Autograd

/// fc2(activation(fc1(x))).
package struct Perceptron {
  package enum Activation { case silu, gelu }

  private let fc1: Linear
  private let fc2: Linear
  private let activation: Activation

  /// The weights `NAME.fc1.{weight,bias}`, `NAME.fc2.{weight,bias}`.
  package init(_ store: ParameterStore, _ name: String, activation: Activation) {
    fc1 = Linear(store, "\(name).fc1")
    fc2 = Linear(store, "\(name).fc2")
    self.activation = activation
  }

  package static func specifications(
    _ name: String, in inputs: Int, hidden: Int, out outputs: Int
  ) -> [ParameterSpecification] {
    Linear.specifications("\(name).fc1", in: inputs, out: hidden)
      + Linear.specifications("\(name).fc2", in: hidden, out: outputs)
  }

  /// x [..., in] → [..., out].
  package func callAsFunction(_ x: Variable, on tape: Tape) -> Variable {
    let hidden = fc1(x, on: tape)
    switch activation {
    case .silu: return fc2(tape.silu(hidden), on: tape)
    case .gelu: return fc2(tape.gelu(hidden), on: tape)
    }
  }
}
