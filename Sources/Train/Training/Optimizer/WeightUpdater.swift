import Autograd
import Kernels
import Tensors

/// What a recipe's `[optimizer]` says.
package struct OptimizerRecipe: Sendable, Equatable {
  package enum Method: Sendable, Equatable {
    case adamW
    case adafactor(Adafactor.Hyperparameters)
    /// For the weights that it takes; AdamW for the others.
    case muon(Muon.Hyperparameters)
  }

  package var method = Method.adamW
  package var rate: LearningRate
  package var adamW = AdamW.Hyperparameters()
  /// The longest gradient (all weights as one vector); longer ones are scaled down to it.
  package var clipNorm: Double = 1
  package var averageDecay: Float = 0.999

  package init(rate: LearningRate) { self.rate = rate }
}

/// A model's weights in training: the optimiser, the clipping and the running mean together.
package final class WeightUpdater {
  private let parameters: [Parameter]
  private let recipe: OptimizerRecipe
  /// Each with the places in `parameters` of those that it changes.
  private let optimizers: [(optimizer: any Optimizer, indices: [Int])]
  /// Updates made so far.
  package private(set) var updateCount = 0
  package let average: ExponentialMovingAverage

  /// What one update did, for the log.
  package struct Report: Sendable {
    package let gradientNorm: Double
    package let rate: Float
  }

  /// - Parameter all: a model's weights; those that are not trainable stay out of it.
  package init(_ all: [Parameter], recipe: OptimizerRecipe) {
    let parameters = all.filter(\.isTrainable)
    self.parameters = parameters
    self.recipe = recipe
    optimizers = Self.optimizers(parameters, recipe)
    average = ExponentialMovingAverage(parameters, decay: recipe.averageDecay)
  }

  private static func optimizers(
    _ parameters: [Parameter], _ recipe: OptimizerRecipe
  ) -> [(optimizer: any Optimizer, indices: [Int])] {
    switch recipe.method {
    case .adamW: return [(AdamW(parameters, hyperparameters: recipe.adamW), Array(parameters.indices))]
    case .adafactor(let hyperparameters):
      return [(Adafactor(parameters, hyperparameters: hyperparameters), Array(parameters.indices))]
    case .muon(let hyperparameters):
      let taken = parameters.indices.filter { Muon.takes(parameters[$0]) }
      let others = parameters.indices.filter { !Muon.takes(parameters[$0]) }
      return [
        (AdamW(others.map { parameters[$0] }, hyperparameters: recipe.adamW), others),
        (Muon(taken.map { parameters[$0] }, hyperparameters: hyperparameters), taken),
      ]
    }
  }

  /// The gradients of `tape`'s last `backward`, one for each weight that is trained.
  package func gradients(of tape: Tape) -> [Tensor?] { parameters.map { tape.gradient(of: $0) } }

  /// Changes the weights by their gradients.
  ///
  /// - Throws: `diverged`, before anything has changed, if a gradient is not finite.
  package func update(gradients: [Tensor?], step: Int, on device: ComputeDevice) throws -> Report {
    let norm = gradientNorm(gradients)
    guard norm.isFinite else {
      throw TrainingError(
        .diverged,
        "step \(step): the gradient's norm is \(norm); lower learning_rate and start from the last checkpoint")
    }
    let rate = recipe.rate.rate(at: step)
    let scale = norm > recipe.clipNorm ? Float(recipe.clipNorm / norm) : 1
    for (optimizer, indices) in optimizers {
      optimizer.update(gradients: indices.map { gradients[$0] }, rate: rate, gradientScale: scale, on: device)
    }
    updateCount += 1
    average.update(updateCount: updateCount, on: device)
    return Report(gradientNorm: norm, rate: rate)
  }
}

// MARK: - Checkpoints

extension WeightUpdater {
  /// Everything that the next update depends on, under `weight/`, `average/` and the optimisers' own names.
  package var tensors: [String: Tensor] {
    var result: [String: Tensor] = [:]
    for (optimizer, _) in optimizers { result.merge(optimizer.tensors) { own, _ in own } }
    for parameter in parameters { result["weight/\(parameter.name)"] = parameter.value }
    for (name, value) in average.tensors { result["average/\(name)"] = value }
    return result
  }

  /// Takes up a saved state.
  ///
  /// - Parameter source: gives the tensor of a name and an expected shape, or throws.
  package func restore(updateCount: Int, from source: (String, [Int]) throws -> Tensor) throws {
    for parameter in parameters {
      parameter.value = try source("weight/\(parameter.name)", parameter.shape).copy()
    }
    try average.restore { try source("average/\($0)", $1) }
    for (optimizer, _) in optimizers { try optimizer.restore(updateCount: updateCount, from: source) }
    self.updateCount = updateCount
  }
}
