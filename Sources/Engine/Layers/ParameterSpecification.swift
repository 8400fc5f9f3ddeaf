/// A weight that a model has: its name in the file, its shape, and how it begins before training.
///
/// A model lists its weights once, as a function of its configuration; loading, initialising and counting all follow
/// that list.
package struct ParameterSpecification: Sendable, Hashable {
  package let name: String
  package let shape: [Int]
  package let initializer: Initializer
  /// False for numbers that are measured rather than trained.
  package let isTrainable: Bool

  package init(_ name: String, _ shape: [Int], _ initializer: Initializer, isTrainable: Bool = true) {
    self.name = name
    self.shape = shape
    self.initializer = initializer
    self.isTrainable = isTrainable
  }

  package var count: Int { shape.reduce(1, *) }
}

/// How a weight is drawn before training.
package enum Initializer: Sendable, Hashable {
  case zeros
  case ones
  /// Uniform in ±√(6/(in + out)), for a Linear's [out, in].
  case xavierUniform
  /// Uniform in ±√(6/in), for a convolution's [out, in, …]; `in` counts all its taps.
  case heUniform
  /// Normal with mean 0.
  case normal(standardDeviation: Double)
}

extension [ParameterSpecification] {
  /// The number of weights in all.
  package var weightCount: Int { reduce(0) { $0 + $1.count } }
}
