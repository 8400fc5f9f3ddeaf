import Autograd
import Datasets
import DurableFiles
import Foundation
import Kernels
import Layers
import Tensors
import VideoAutoencoder
import Weights

/// Trains the autoencoder to give back crops of images and videos: weighted L1 + L2, and as the recipe asks for them
/// the divergence of a variational model, a perceptual and an adversarial term (`model.md` section 9).
package final class AutoencoderTask: TrainingTask {
  /// The seed of scenes that no recipe trains on.
  static let heldSeed: UInt64 = 0x7E57

  package let updater: WeightUpdater
  let recipe: AutoencoderRecipe
  let run: RunRecipe
  let model: VideoAutoencoder
  let data: any AutoencoderData
  private let perceptual: PerceptualLoss?
  private let adversarial: AdversarialLoss?
  private let crops: CropBatches

  /// On the data that the recipe names, decoded first where it is not in the cache.
  convenience init(_ recipe: AutoencoderRecipe, run: RunRecipe, place: DataPlace) throws {
    guard let data = recipe.data else {
      try self.init(recipe, run: run)
      return
    }
    let clips = try ClipData(data, shorterSides: ClipCrops.resolutions(of: recipe.crops), place: place)
    try self.init(recipe, run: run, data: ClipCrops(clips, crops: recipe.crops, seed: run.seed))
  }

  /// - Parameter data: nil for the built-in world.
  init(_ recipe: AutoencoderRecipe, run: RunRecipe, data: (any AutoencoderData)? = nil) throws {
    self.recipe = recipe
    self.run = run
    self.data = data ?? SceneCrops(seed: run.seed, objectWeight: recipe.loss.objectWeight)
    let configuration = try AutoencoderConfiguration(
      contentsOf: URL(fileURLWithPath: run.modelFolder + "/config.json"))
    if let start = recipe.start {
      let files = try ModelFolder.openWeights(in: URL(fileURLWithPath: start))
      let store = try ParameterStore(loading: files, specifications: configuration.specifications)
      model = VideoAutoencoder(configuration: configuration, store: store)
      if recipe.startsFromImages { model.inflate() }
    } else {
      model = VideoAutoencoder(configuration: configuration, seed: run.seed)
    }
    if recipe.part == .decoder {
      for parameter in model.store.parameters where parameter.name.hasPrefix("encoder.") {
        parameter.isTrainable = false
      }
    }
    perceptual = try Self.perceptualLoss(recipe, seed: run.seed)
    adversarial =
      recipe.loss.adversarialWeight > 0
      ? AdversarialLoss(
        channels: recipe.loss.discriminatorChannels, penalty: recipe.loss.gradientPenalty, seed: run.seed) : nil
    updater = WeightUpdater(
      model.store.parameters + (adversarial?.discriminator.parameters ?? []), recipe: run.optimizer)
    crops = CropBatches(recipe.crops, of: self.data)
  }

  private static func perceptualLoss(_ recipe: AutoencoderRecipe, seed: UInt64) throws -> PerceptualLoss? {
    guard recipe.loss.perceptualWeight > 0 else { return nil }
    let loss = try recipe.loss.perceptualFile.map { try PerceptualLoss(vgg: $0) } ?? PerceptualLoss(seed: seed)
    if let small = recipe.crops.map(\.side).min(), small < loss.smallestSide {
      throw TrainingError(
        .recipe,
        "read the recipe: crops of \(small) pixels are too small for the perceptual loss, which needs "
          + "\(loss.smallestSide); take larger ones")
    }
    return loss
  }

  package var samplesPerBatch: Int { crops.samplesPerBatch }

  package func batchMaker() -> @Sendable (Int) throws -> [CropBatch] {
    { [crops] in try crops.batch(at: $0) }
  }

  package func loss(of batch: [CropBatch], number: Int, on tape: Tape) throws -> (
    loss: Variable, parts: [String: Double]
  ) {
    let weightSum = recipe.crops.reduce(0) { $0 + $1.weight }
    let isAdversarial = number / run.accumulatedBatches >= recipe.loss.adversarialStart
    var sum = LossSum(tape: tape)
    for (index, (crops, group)) in zip(batch, recipe.crops).enumerated() {
      let share = group.weight / weightSum
      let latents = encode(crops.frames, number: number, group: index, share: share, into: &sum)
      let output = model.decode(disturb(latents, number: number, group: index, on: tape), on: tape)
      addErrors(of: output, crops, share: share, to: &sum)
      if let perceptual {
        sum.add("perceptual", perceptual(output, crops.frames, on: tape), times: recipe.loss.perceptualWeight * share)
      }
      if let adversarial, isAdversarial {
        sum.add(
          "adversarial", adversarial.autoencoderLoss(output, on: tape), times: recipe.loss.adversarialWeight * share)
        let own = adversarial.discriminatorLoss(
          real: crops.frames, output: output.value, stream: (number, index), on: tape)
        sum.add("discriminator", own, times: share)
      }
      sum.parts["psnr \(group.frameCount)×\(group.side)"] = ReconstructionQuality.psnr(crops.frames, output.value)
    }
    return sum.result
  }

  /// Weighted L1 + L2 of differences that are each multiplied by its pixel's weight.
  private func addErrors(of output: Variable, _ crops: CropBatch, share: Double, to sum: inout LossSum) {
    let tape = sum.tape
    let weighted = tape.multiply(output, tape.constant(crops.weights))
    let target = Tensor(uninitialized: crops.frames.shape)
    for index in 0..<target.count {
      target.pointer[index] = crops.frames.pointer[index] * crops.weights.pointer[index]
    }
    sum.add(tape.meanAbsoluteError(weighted, target), times: recipe.loss.absoluteWeight * share)
    sum.add(
      tape.meanSquaredError(weighted, target, blockWeights: nil), times: recipe.loss.squaredWeight * share)
  }

  /// Raw latents; of a frozen encoder as a constant; of a variational one in training a sample, whose divergence is
  /// added to the loss.
  private func encode(
    _ frames: Tensor, number: Int, group: Int, share: Double, into sum: inout LossSum
  ) -> Variable {
    let tape = sum.tape
    guard recipe.part == .both else {
      let silent = Tape(device: tape.device, recording: false)
      return tape.constant(model.moments(model.encode(silent.constant(frames), on: silent).value).mean)
    }
    let encoded = model.encode(tape.constant(frames), on: tape)
    guard model.configuration.isVariational else { return encoded }
    sum.add("kl", tape.klDivergence(encoded), times: recipe.loss.divergenceWeight * share)
    let shape = encoded.shape.dropLast() + [model.configuration.latentChannels]
    let noise = NoiseStream(
      seed: run.seed, purpose: .autoencoderPosterior, chunk: UInt32(number), item: UInt32(group)
    ).normals(shape: Array(shape))
    return tape.posteriorSample(encoded, noise: noise)
  }

  /// Adds noise of `latentNoise` standard deviations of each channel, so that the decoder forgives the small errors of
  /// sampled latents and near latents come to mean near pictures. Relative to the channel's spread in the batch: the
  /// encoder cannot evade it by larger latents.
  private func disturb(_ latents: Variable, number: Int, group: Int, on tape: Tape) -> Variable {
    guard recipe.latentNoise > 0 else { return latents }
    var statistics = ChannelStatistics(channelCount: model.configuration.latentChannels)
    statistics.add(latents.value)
    let scales = statistics.standardDeviation.map { $0 * Float(recipe.latentNoise) }
    let noise = NoiseStream(seed: run.seed, purpose: .training(group), chunk: UInt32(number))
      .normals(shape: latents.shape)
    for index in 0..<noise.count { noise.pointer[index] *= scales[index % scales.count] }
    return tape.add(latents, tape.constant(noise))
  }

  /// PSNR of whole clips and images that training never sees.
  package func measure(on device: ComputeDevice) throws -> [String: Double] {
    var figures: [String: Double] = [:]
    for (name, clips) in try data.heldClips() {
      let values = clips.map { psnr($0.reshaped([1] + $0.shape), on: device) }
      figures["psnr \(name)"] = values.reduce(0, +) / Double(values.count)
    }
    return figures
  }

  private func psnr(_ frames: Tensor, on device: ComputeDevice) -> Double {
    ReconstructionQuality.psnr(frames, reconstruct(frames, on: device))
  }

  package func export(to folder: String, on device: ComputeDevice) throws {
    if recipe.part == .both { try measureStatistics(on: device) }
    let document = model.store.document(as: .float16, metadata: ["recipe": run.name, "recipe_sha256": run.digest])
    try DurableFile.replace(folder + "/model.safetensors", with: document.data())
  }
}

/// The terms of a loss as they come, and named ones for the log.
private struct LossSum {
  let tape: Tape
  var parts: [String: Double] = [:]
  private var total: Variable?

  init(tape: Tape) { self.tape = tape }

  mutating func add(_ term: Variable, times weight: Double) {
    let term = tape.scale(term, by: Float(weight))
    total = total.map { tape.add($0, term) } ?? term
  }

  mutating func add(_ name: String, _ term: Variable, times weight: Double) {
    add(term, times: weight)
    parts[name, default: 0] += Double(term.value.scalar)
  }

  var result: (loss: Variable, parts: [String: Double]) {
    guard let total else { preconditionFailure("a recipe has at least one group of crops") }
    return (total, parts)
  }
}
