import Tensors

/// One step of the DDIM sampler from `timestep` to a less noisy one (`model.md` section 6).
///
/// x' = √g'·x̂0 + √(1−g'−σ²)·ε̂ + σ·n with σ = η·√((1−g')/(1−g))·√(1−g/g'); η = 0, the default, is deterministic. The
/// last step has g' = 1, hence σ = 0 and x' = x̂0.
package struct DDIMStep: Sendable {
  private let velocity: Velocity
  private let clean: Float
  private let epsilon: Float
  /// How much fresh noise the step adds; 0 means that none need be drawn.
  package let sigma: Float

  /// - Parameters:
  ///   - timestep: where x is now.
  ///   - next: where it goes; −1 after the last step.
  package init(schedule: NoiseSchedule, from timestep: Int, to next: Int, eta: Double = 0) {
    let gamma = schedule.gamma(timestep)
    let nextGamma = schedule.gamma(next)
    let sigma =
      next < 0 ? 0 : eta * ((1 - nextGamma) / (1 - gamma)).squareRoot() * (1 - gamma / nextGamma).squareRoot()
    velocity = Velocity(gamma: gamma)
    clean = Float(nextGamma.squareRoot())
    epsilon = Float(max(0, 1 - nextGamma - sigma * sigma).squareRoot())
    self.sigma = Float(sigma)
  }

  /// The next x and the estimate x̂0 that led to it, from x and the (guided) velocity, equal shapes.
  ///
  /// - Parameter freshNoise: n; needed where `sigma` is not 0.
  package func advance(x: Tensor, velocity v: Tensor, freshNoise: Tensor? = nil) -> (x: Tensor, clean: Tensor) {
    let estimate = velocity.clean(x: x, velocity: v)
    let moved = linearCombination(clean, estimate, epsilon, velocity.epsilon(x: x, velocity: v))
    guard sigma != 0 else { return (moved, estimate) }
    guard let freshNoise else { preconditionFailure("a step with sigma \(sigma) needs fresh noise") }
    return (linearCombination(1, moved, sigma, freshNoise), estimate)
  }
}
