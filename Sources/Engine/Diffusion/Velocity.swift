import Tensors

/// Between clean x0, noise ε, noisy x and velocity v at one timestep (`model.md` section 6):
/// x = √γ·x0 + √(1−γ)·ε and v = √γ·ε − √(1−γ)·x0, a rotation, so that x0 = √γ·x − √(1−γ)·v and ε = √(1−γ)·x + √γ·v.
///
/// The paper prints another v, taken as a misprint. Coefficients are made in double and rounded once.
package struct Velocity: Sendable {
  /// √γ
  package let signal: Float
  /// √(1−γ)
  package let noise: Float

  package init(gamma: Double) {
    signal = Float(gamma.squareRoot())
    noise = Float((1 - gamma).squareRoot())
  }

  /// The noisy x of clean `clean` and noise `epsilon`, equal shapes.
  package func noisy(clean: Tensor, epsilon: Tensor) -> Tensor {
    linearCombination(signal, clean, noise, epsilon)
  }

  /// The v that the network is to predict.
  package func target(clean: Tensor, epsilon: Tensor) -> Tensor {
    linearCombination(signal, epsilon, -noise, clean)
  }

  /// x̂0 of noisy `x` and predicted `velocity`.
  package func clean(x: Tensor, velocity: Tensor) -> Tensor {
    linearCombination(signal, x, -noise, velocity)
  }

  /// ε̂ of noisy `x` and predicted `velocity`.
  package func epsilon(x: Tensor, velocity: Tensor) -> Tensor {
    linearCombination(noise, x, signal, velocity)
  }
}

/// p·a + q·b, equal shapes; every element on its own, so that batches and threads change nothing.
func linearCombination(_ p: Float, _ a: Tensor, _ q: Float, _ b: Tensor) -> Tensor {
  precondition(a.shape == b.shape, "combining shapes \(a.shape) and \(b.shape)")
  let result = Tensor(uninitialized: a.shape)
  let (first, second, sum) = (a.pointer, b.pointer, result.pointer)
  withExtendedLifetime((a, b)) {
    for index in 0..<a.count { sum[index] = p * first[index] + q * second[index] }
  }
  return result
}
