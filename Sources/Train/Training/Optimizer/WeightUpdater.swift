import Autograd
import Tensors

/// What a recipe's `[optimizer]` says.
package struct OptimizerRecipe: Sendable, Equatable {
  package var rate: LearningRate
  package var adamW = AdamW.Hyperparameters()
  /// For the weights that it takes; `nil`: AdamW for all.
  package var muon: Muon.Hyperparameters?
  /// The longest gradient (all weights as one vector); longer ones are scaled down to it.
  package var clipNorm: Double = 1
  package var averageDecay: Float = 0.999

  package init(rate: LearningRate) { self.rate = rate }
}

/// A model's weights in training: the optimiser, the clipping and the running mean together.
package final class WeightUpdater {
  private let parameters: [Parameter]
  private let recipe: OptimizerRecipe
  private let adamW: AdamW
  private let muon: Muon
  /// Places in `parameters` of those that each has.
  private let adamWIndices: [Int]
  private let muonIndices: [Int]
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
    muonIndices = recipe.muon == nil ? [] : parameters.indices.filter { Muon.takes(parameters[$0]) }
    adamWIndices = parameters.indices.filter { [muonIndices] in !muonIndices.contains($0) }
    muon = Muon(muonIndices.map { parameters[$0] }, hyperparameters: recipe.muon ?? Muon.Hyperparameters())
    adamW = AdamW(adamWIndices.map { parameters[$0] }, hyperparameters: recipe.adamW)
    average = ExponentialMovingAverage(parameters, decay: recipe.averageDecay)
  }

  /// Changes the weights by the gradients of `tape`'s last `backward`.
  ///
  /// - Throws: `diverged`, before anything has changed, if a gradient is not finite.
  package func update(from tape: Tape, step: Int) throws -> Report {
    let gradients = parameters.map { tape.gradient(of: $0) }
    let norm = gradientNorm(gradients)
    guard norm.isFinite else {
      throw TrainingError(
        .diverged,
        "step \(step): the gradient's norm is \(norm); lower learning_rate and start from the last checkpoint")
    }
    let rate = recipe.rate.rate(at: step)
    let scale = norm > recipe.clipNorm ? Float(recipe.clipNorm / norm) : 1
    adamW.update(gradients: adamWIndices.map { gradients[$0] }, rate: rate, gradientScale: scale, on: tape.device)
    muon.update(gradients: muonIndices.map { gradients[$0] }, rate: rate, on: tape.device)
    average.update(updateCount: adamW.updateCount, on: tape.device)
    return Report(gradientNorm: norm, rate: rate)
  }
}

// MARK: - Checkpoints

extension WeightUpdater {
  /// Everything that the next update depends on, under `weight/`, `average/`, `mean/` and (AdamW's) `square/`.
  package var tensors: [String: Tensor] {
    var result = adamW.tensors.merging(muon.tensors) { own, _ in own }
    for parameter in parameters { result["weight/\(parameter.name)"] = parameter.value }
    for (name, value) in average.tensors { result["average/\(name)"] = value }
    return result
  }

  package var updateCount: Int { adamW.updateCount }

  /// Takes up a saved state.
  ///
  /// - Parameter source: gives the tensor of a name and an expected shape, or throws.
  package func restore(updateCount: Int, from source: (String, [Int]) throws -> Tensor) throws {
    for parameter in parameters {
      parameter.value = try source("weight/\(parameter.name)", parameter.shape).copy()
    }
    try average.restore { try source("average/\($0)", $1) }
    try adamW.restore(updateCount: updateCount, from: source)
    try muon.restore(from: source)
  }
}
