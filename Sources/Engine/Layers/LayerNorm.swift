import Autograd

/// LN over the last axis, with learned scale and shift.
package struct LayerNorm {
  private let weight: Parameter
  private let bias: Parameter

  /// The weights `NAME.weight`, `NAME.bias` [d].
  package init(_ store: ParameterStore, _ name: String) {
    weight = store["\(name).weight"]
    bias = store["\(name).bias"]
  }

  package static func specifications(_ name: String, width: Int) -> [ParameterSpecification] {
    [
      ParameterSpecification("\(name).weight", [width], .ones),
      ParameterSpecification("\(name).bias", [width], .zeros),
    ]
  }

  package func callAsFunction(_ x: Variable, on tape: Tape) -> Variable {
    tape.layerNorm(x, weight: weight, bias: bias)
  }
}
