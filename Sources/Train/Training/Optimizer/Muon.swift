import Autograd
import Kernels
import Tensors

/// Momentum whose every update is made orthogonal (Jordan et al. 2024, "Muon"), for the weights that are matrices.
///
/// For each weight W, as a matrix of its first axis by all others, with gradient G:
/// ```
/// M = β·M + G          U = G + β·M          O = U (UᵀU)^−½, by five Newton–Schulz steps
/// W = W − rate·( decay·W + 0.2·√max(rows, columns)·O )
/// ```
/// The factor gives an update the length that AdamW's usually have (Liu et al. 2025, "Muon is scalable for LLM
/// training"), so that both take the same learning rate.
package final class Muon: Optimizer {
  package struct Hyperparameters: Sendable, Equatable {
    package var momentum: Float = 0.95
    package var weightDecay: Float = 0.01

    package init() {}
  }

  private let parameters: [Parameter]
  private let hyperparameters: Hyperparameters
  /// M, in the order of the parameters.
  private var momenta: [Tensor]

  package init(_ parameters: [Parameter], hyperparameters: Hyperparameters = Hyperparameters()) {
    self.parameters = parameters
    self.hyperparameters = hyperparameters
    momenta = parameters.map { Tensor(zeros: $0.shape) }
  }

  /// Whether a weight is one for Muon: what multiplies activations, if it is not very thin. Tables (positions,
  /// classes, tokens) and vectors are not.
  package static func takes(_ parameter: Parameter) -> Bool {
    let rows = parameter.shape[0]
    let columns = parameter.shape.dropFirst().reduce(1, *)
    return parameter.name.hasSuffix(".weight") && parameter.name != "shared.weight" && min(rows, columns) >= 8
  }

  /// - Parameter gradientScale: ignored: an update's length does not follow the gradients'.
  package func update(gradients: [Tensor?], rate: Float, gradientScale: Float = 1, on device: ComputeDevice) {
    precondition(gradients.count == parameters.count, "\(gradients.count) gradients for \(parameters.count) parameters")
    for (index, gradient) in gradients.enumerated() {
      guard let gradient else { continue }
      let momentum = device.scale(momenta[index], by: hyperparameters.momentum)
      device.accumulate(gradient, times: 1, into: momentum)
      momenta[index] = momentum
      let direction = gradient.copy()
      device.accumulate(momentum, times: hyperparameters.momentum, into: direction)
      parameters[index].mutate { step($0, along: direction, rate: rate, on: device) }
    }
  }

  private func step(_ value: Tensor, along direction: Tensor, rate: Float, on device: ComputeDevice) {
    let rows = value.shape[0]
    let columns = value.count / rows
    let orthogonal = OrthogonalFactor.of(direction, rows: rows, columns: columns, on: device)
    let length = 0.2 * Float(max(rows, columns)).squareRoot()
    device.accumulate(value, times: -rate * hyperparameters.weightDecay, into: value)
    device.accumulate(orthogonal, times: -rate * length, into: value)
  }
}

// MARK: - Checkpoints

extension Muon {
  /// The momenta, under `mean/NAME`.
  package var tensors: [String: Tensor] {
    Dictionary(uniqueKeysWithValues: zip(parameters, momenta).map { ("mean/\($0.name)", $1) })
  }

  package func restore(updateCount: Int, from source: (String, [Int]) throws -> Tensor) rethrows {
    for (index, parameter) in parameters.enumerated() {
      momenta[index] = try source("mean/\(parameter.name)", parameter.shape).copy()
    }
  }
}
