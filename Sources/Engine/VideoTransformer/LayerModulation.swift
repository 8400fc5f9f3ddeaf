import Autograd
import Layers

/// A^i = (γ1, γ2, β1, β2, α1, α2) of one layer, from u (§4.3, eq. 3).
package struct LayerModulation {
  /// The places of the six parts in A.
  enum Part {
    static let scale1 = 0
    static let scale2 = 1
    static let shift1 = 2
    static let shift2 = 3
    static let gate1 = 4
    static let gate2 = 5
    static let count = 6
  }

  private enum Source {
    case lowRank(down: Parameter, up: Parameter)
    case separate(Linear)
  }

  private let source: Source

  init(_ store: ParameterStore, _ model: TransformerConfiguration, layer: Int) {
    switch model.modulation {
    case .lowRank:
      source = .lowRank(down: store["layers.\(layer).adaln_down"], up: store["layers.\(layer).adaln_up"])
    case .separate: source = .separate(Linear(store, "layers.\(layer).adaln"))
    }
  }

  /// The projection that all layers share, where there is one.
  static func shared(_ store: ParameterStore, _ model: TransformerConfiguration) -> Linear? {
    if case .separate = model.modulation { return nil }
    return Linear(store, "adaln")
  }

  static func sharedSpecifications(_ model: TransformerConfiguration) -> [ParameterSpecification] {
    if case .separate = model.modulation { return [] }
    return Linear.specifications("adaln", in: model.hidden, out: Part.count * model.hidden, zero: true)
  }

  static func specifications(_ model: TransformerConfiguration, layer: Int) -> [ParameterSpecification] {
    let (d, name) = (model.hidden, "layers.\(layer)")
    switch model.modulation {
    case .lowRank(let rank):
      return [
        ParameterSpecification("\(name).adaln_down", [rank, d], .normal(standardDeviation: 0.02)),
        ParameterSpecification("\(name).adaln_up", [Part.count * d, rank], .zeros),
      ]
    case .separate: return Linear.specifications("\(name).adaln", in: d, out: Part.count * d, zero: true)
    }
  }

  /// → A [U, 6d].
  ///
  /// - Parameters:
  ///   - u: [U, d].
  ///   - activated: SiLU(u).
  ///   - shared: W·SiLU(u) + b, where the model has it.
  func callAsFunction(u: Variable, activated: Variable, shared: Variable?, on tape: Tape) -> Variable {
    switch source {
    case .separate(let linear): return linear(activated, on: tape)
    case .lowRank(let down, let up):
      let correction = tape.linear(tape.linear(u, weight: down, bias: nil), weight: up, bias: nil)
      return shared.map { tape.add($0, correction) } ?? correction
    }
  }
}
