import Foundation

/// The learning rate at each step: a linear warm-up, then constant or half a cosine down to `final` of the peak.
package struct LearningRate: Sendable, Equatable {
  package enum Shape: String, Sendable, CaseIterable {
    case constant
    case cosine
  }

  package let peak: Double
  package let shape: Shape
  package let warmUpSteps: Int
  package let totalSteps: Int
  /// The last step's rate as a fraction of the peak.
  package let final: Double

  package init(peak: Double, shape: Shape, warmUpSteps: Int, totalSteps: Int, final: Double = 0) {
    self.peak = peak
    self.shape = shape
    self.warmUpSteps = warmUpSteps
    self.totalSteps = totalSteps
    self.final = final
  }

  /// The rate of step `step`, counted from 0.
  package func rate(at step: Int) -> Float {
    if step < warmUpSteps { return Float(peak * Double(step + 1) / Double(warmUpSteps)) }
    guard shape == .cosine else { return Float(peak) }
    let span = max(1, totalSteps - warmUpSteps)
    let progress = min(1, Double(step - warmUpSteps) / Double(span))
    return Float(peak * (final + (1 - final) * 0.5 * (1 + cos(.pi * progress))))
  }
}
