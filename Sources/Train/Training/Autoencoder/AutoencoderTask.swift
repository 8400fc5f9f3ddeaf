import Autograd
import Datasets
import Foundation
import Kernels
import Layers
import Tensors
import VideoAutoencoder

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
  private let upsampled: UpsampledLatents?
  private let crops: CropBatches

  /// - Parameters:
  ///   - place: where the data that the recipe names is decoded to; nil only for the built-in world.
  ///   - device: makes what training starts from.
  init(_ recipe: AutoencoderRecipe, run: RunRecipe, place: DataPlace? = nil, on device: ComputeDevice) throws {
    self.recipe = recipe
    self.run = run
    let configuration = try AutoencoderConfiguration(
      contentsOf: URL(fileURLWithPath: run.modelFolder + "/config.json"))
    try recipe.check(against: configuration)
    model = try Self.model(recipe, configuration, seed: run.seed)
    upsampled = try Self.upsampledLatents(recipe, for: model, on: device)
    data = try Self.data(recipe, run: run, upsampledSide: upsampled?.clipSide, place: place)
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
    crops = CropBatches(recipe.crops, of: data)
  }

  /// The model as it begins.
  private static func model(
    _ recipe: AutoencoderRecipe, _ configuration: AutoencoderConfiguration, seed: UInt64
  ) throws -> VideoAutoencoder {
    guard let start = recipe.start else { return VideoAutoencoder(configuration: configuration, seed: seed) }
    let store = try ParameterStore(
      folder: URL(fileURLWithPath: start), specifications: configuration.specifications)
    let model = VideoAutoencoder(configuration: configuration, store: store)
    if recipe.startsFromImages { model.inflate() }
    return model
  }

  private static func upsampledLatents(
    _ recipe: AutoencoderRecipe, for model: VideoAutoencoder, on device: ComputeDevice
  ) throws -> UpsampledLatents? {
    let sides = Set(recipe.crops.filter { $0.latents == .upsampled }.map(\.side))
    guard let cascade = recipe.cascade, !sides.isEmpty else { return nil }
    return try UpsampledLatents(cascadeFolder: cascade, sides: sides, for: model, on: device)
  }

  /// The data that the recipe names, decoded first where it is not in the cache, or the built-in world.
  private static func data(
    _ recipe: AutoencoderRecipe, run: RunRecipe, upsampledSide: Int?, place: DataPlace?
  ) throws -> any AutoencoderData {
    guard let data = recipe.data else {
      return SceneCrops(seed: run.seed, objectWeight: recipe.loss.objectWeight, upsampledSide: upsampledSide)
    }
    guard let place else { preconditionFailure("a data set, and no place for its frames") }
    let clips = try ClipData(data, shorterSides: ClipCrops.resolutions(of: recipe.crops), place: place)
    return try ClipCrops(clips, recipe, seed: run.seed)
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
      let latents = try latents(of: crops, number: number, group: index, share: share, into: &sum)
      let output = model.decode(latents, on: tape)
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
      let name = "psnr \(group.frameCount)×\(group.side)" + (group.latents == .upsampled ? " upsampled" : "")
      sum.parts[name] = ReconstructionQuality.psnr(crops.frames, output.value)
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

  /// What the decoder is given: upsampled latents as they are, the encoder's disturbed.
  private func latents(
    of crops: CropBatch, number: Int, group: Int, share: Double, into sum: inout LossSum
  ) throws -> Variable {
    guard let upsampled, !crops.upsampling.isEmpty else {
      let latents = encode(crops.frames, number: number, group: group, share: share, into: &sum)
      return disturb(latents, number: number, group: group, on: sum.tape)
    }
    let frames = model.configuration.latentFrameCount(ofFrames: crops.frames.shape[1])
    let latents = try upsampled(crops.upsampling, side: crops.frames.shape[2], latentFrames: frames)
    return sum.tape.constant(model.denormalize(latents))
  }

  /// Raw latents; of a frozen encoder as a constant; of a variational one in training a sample, whose divergence is
  /// added to the loss.
  private func encode(
    _ frames: Tensor, number: Int, group: Int, share: Double, into sum: inout LossSum
  ) -> Variable {
    let tape = sum.tape
    guard recipe.part == .both else { return tape.constant(model.meanLatents(frames, on: tape.device)) }
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
    try run.export(model.store, to: folder)
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
