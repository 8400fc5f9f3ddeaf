import Autograd
import Kernels
import Tensors

/// Adam with decoupled weight decay (Loshchilov & Hutter 2019), as `model.md` section 9 asks for.
///
/// For each weight w with gradient g, at update n = 1, 2, …:
/// ```
/// m = β1·m + (1 − β1)·g          v = β2·v + (1 − β2)·g²
/// w = w − rate·( decay·w + (m / (1 − β1ⁿ)) / (√(v / (1 − β2ⁿ)) + ε) )
/// ```
/// Vectors (biases, norms, scales) do not decay.
package final class AdamW: Optimizer {
  package struct Hyperparameters: Sendable, Equatable {
    package var beta1: Float = 0.9
    package var beta2: Float = 0.99
    package var epsilon: Float = 1e-8
    package var weightDecay: Float = 0.01

    package init() {}
  }

  private let parameters: [Parameter]
  private let hyperparameters: Hyperparameters
  /// First and second moments, in the order of the parameters.
  private var means: [Tensor]
  private var squares: [Tensor]
  /// Updates made so far.
  private var updateCount = 0

  package init(_ parameters: [Parameter], hyperparameters: Hyperparameters = Hyperparameters()) {
    self.parameters = parameters
    self.hyperparameters = hyperparameters
    means = parameters.map { Tensor(zeros: $0.shape) }
    squares = parameters.map { Tensor(zeros: $0.shape) }
  }

  package func update(gradients: [Tensor?], rate: Float, gradientScale: Float = 1, on device: ComputeDevice) {
    precondition(gradients.count == parameters.count, "\(gradients.count) gradients for \(parameters.count) parameters")
    updateCount += 1
    let correction1 = Float(1 - power(hyperparameters.beta1, updateCount))
    let correction2 = Float(1 - power(hyperparameters.beta2, updateCount))
    for (index, gradient) in gradients.enumerated() {
      guard let gradient else { continue }
      parameters[index].mutate { value in
        device.adamW(
          parameter: value, gradient: gradient, first: means[index], second: squares[index], rate: rate,
          beta1: hyperparameters.beta1, beta2: hyperparameters.beta2, epsilon: hyperparameters.epsilon,
          decay: value.shape.count > 1 ? hyperparameters.weightDecay : 0, correction1: correction1,
          correction2: correction2, gradientScale: gradientScale)
      }
    }
  }

  private func power(_ base: Float, _ exponent: Int) -> Double {
    var result = 1.0
    var factor = Double(base)
    var rest = exponent
    while rest > 0 {
      if rest & 1 == 1 { result *= factor }
      factor *= factor
      rest >>= 1
    }
    return result
  }
}

// MARK: - Checkpoints

extension AdamW {
  /// The moments, under `mean/NAME` and `square/NAME`.
  package var tensors: [String: Tensor] {
    var result: [String: Tensor] = [:]
    for (index, parameter) in parameters.enumerated() {
      result["mean/\(parameter.name)"] = means[index]
      result["square/\(parameter.name)"] = squares[index]
    }
    return result
  }

  /// Takes up what `tensors` gave and the number of updates that had led there.
  package func restore(updateCount: Int, from source: (String, [Int]) throws -> Tensor) rethrows {
    for (index, parameter) in parameters.enumerated() {
      means[index] = try source("mean/\(parameter.name)", parameter.shape).copy()
      squares[index] = try source("square/\(parameter.name)", parameter.shape).copy()
    }
    self.updateCount = updateCount
  }
}
