import Autograd

/// y = x·Wᵀ + b over the last axis.
package struct Linear {
  private let weight: Parameter
  private let bias: Parameter?

  /// The weights `NAME.weight` [out, in] and, unless without, `NAME.bias` [out].
  package init(_ store: ParameterStore, _ name: String, bias: Bool = true) {
    weight = store["\(name).weight"]
    self.bias = bias ? store["\(name).bias"] : nil
  }

  /// - Parameter zero: whether the weight begins at zero, so that its branch begins without effect.
  package static func specifications(
    _ name: String, in inputs: Int, out outputs: Int, bias: Bool = true, zero: Bool = false
  ) -> [ParameterSpecification] {
    let weight = ParameterSpecification("\(name).weight", [outputs, inputs], zero ? .zeros : .xavierUniform)
    return bias ? [weight, ParameterSpecification("\(name).bias", [outputs], .zeros)] : [weight]
  }

  /// x [..., in] → [..., out].
  package func callAsFunction(_ x: Variable, on tape: Tape) -> Variable {
    tape.linear(x, weight: weight, bias: bias)
  }
}
