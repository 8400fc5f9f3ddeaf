/// A part of a model: what it holds, and what it adds to the cost of one pass.
package struct ModelPart: Sendable, Hashable {
  package let name: String
  package var weightCount: Int
  package var cost: ComputeCost
}

extension [ModelPart] {
  /// The parts that the weights' names fall into, in the order in which they come up, at no cost yet.
  package init(_ specifications: [ParameterSpecification], part: (_ weight: String) -> String) {
    self = []
    for specification in specifications {
      let name = part(specification.name)
      let index = firstIndex { $0.name == name } ?? endIndex
      if index == endIndex { append(ModelPart(name: name, weightCount: 0, cost: .zero)) }
      self[index].weightCount += specification.count
    }
  }

  /// Adds to the cost of the part `name`.
  ///
  /// - Precondition: there is such a part.
  package mutating func add(_ cost: ComputeCost, to name: String) {
    guard let index = firstIndex(where: { $0.name == name }) else { preconditionFailure("no part \"\(name)\"") }
    self[index].cost = self[index].cost + cost
  }

  package var weightCount: Int { reduce(0) { $0 + $1.weightCount } }

  package var cost: ComputeCost { reduce(.zero) { $0 + $1.cost } }
}
