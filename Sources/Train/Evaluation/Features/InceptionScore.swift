import Glibc
import Tensors

/// The Inception Score (Salimans et al. 2016): exp(mean KL(p(y|x) ‖ p(y))) in each split of the samples.
package struct InceptionScore: Sendable, Equatable {
  /// Over the splits.
  package let mean: Double
  package let standardDeviation: Double

  /// - Parameters:
  ///   - logits: [n, classes].
  ///   - splitSize: samples of a split, at most; samples that do not fill a last split are left out unless it is the
  ///     only one.
  /// - Throws: `EvaluationError` without samples.
  package init(logits: Tensor, splitSize: Int) throws {
    let count = logits.shape[0]
    guard count > 0 else { throw EvaluationError(.tooFew, "score 0 samples: give at least one") }
    let size = min(count, splitSize)
    let scores = stride(from: 0, through: count - size, by: size).map { Self.score(logits.rows($0..<$0 + size)) }
    let mean = scores.reduce(0, +) / Double(scores.count)
    self.mean = mean
    standardDeviation =
      (scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(scores.count)).squareRoot()
  }

  private static func score(_ logits: Tensor) -> Double {
    let (count, classes) = (logits.shape[0], logits.shape[1])
    let probabilities = (0..<count).map { softmax(logits[$0].array) }
    var marginal = [Double](repeating: 0, count: classes)
    for row in probabilities {
      for (index, value) in row.enumerated() { marginal[index] += value / Double(count) }
    }
    let divergence = probabilities.reduce(0) { sum, row in
      sum + zip(row, marginal).reduce(0) { $0 + ($1.0 > 0 ? $1.0 * log($1.0 / $1.1) : 0) }
    }
    return exp(divergence / Double(count))
  }

  private static func softmax(_ logits: [Float]) -> [Double] {
    let highest = Double(logits.max() ?? 0)
    let powers = logits.map { exp(Double($0) - highest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}
