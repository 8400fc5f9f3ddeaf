import Autograd
import Datasets
import DurableFiles
import Foundation
import Kernels
import Layers
import Tensors
import VideoAutoencoder
import Weights

/// Trains the autoencoder to give back crops of images and videos: weighted L1 + L2 (`model.md` section 9; perceptual
/// and adversarial terms are not part of it yet).
package final class AutoencoderTask: TrainingTask {
  /// The seed of scenes that no recipe trains on.
  static let heldSeed: UInt64 = 0x7E57

  package let updater: WeightUpdater
  let recipe: AutoencoderRecipe
  let run: RunRecipe
  let model: VideoAutoencoder
  private let crops: CropBatches

  package init(_ recipe: AutoencoderRecipe, run: RunRecipe) throws {
    self.recipe = recipe
    self.run = run
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
    updater = WeightUpdater(model.store.parameters, recipe: run.optimizer)
    crops = CropBatches(recipe.crops, objectWeight: recipe.objectWeight, seed: run.seed)
  }

  package var samplesPerBatch: Int { crops.samplesPerBatch }

  package func batchMaker() -> @Sendable (Int) throws -> [CropBatch] {
    { [crops] in crops.batch(at: $0) }
  }

  package func loss(of batch: [CropBatch], number: Int, on tape: Tape) throws -> (
    loss: Variable, parts: [String: Double]
  ) {
    let weightSum = recipe.crops.reduce(0) { $0 + $1.weight }
    var parts: [String: Double] = [:]
    var total: Variable?
    for (index, (crops, group)) in zip(batch, recipe.crops).enumerated() {
      let latents = disturb(encode(crops.frames, on: tape), number: number, group: index, on: tape)
      let output = model.decode(latents, on: tape)
      let share = group.weight / weightSum
      let loss = error(of: output, crops, share: share, on: tape)
      total = total.map { tape.add($0, loss) } ?? loss
      parts["psnr \(group.frameCount)×\(group.side)"] = ReconstructionQuality.psnr(crops.frames, output.value)
    }
    guard let total else { preconditionFailure("a recipe has at least one group of crops") }
    return (total, parts)
  }

  /// Weighted L1 + L2 of differences that are each multiplied by its pixel's weight.
  private func error(of output: Variable, _ crops: CropBatch, share: Double, on tape: Tape) -> Variable {
    let weighted = tape.multiply(output, tape.constant(crops.weights))
    let target = Tensor(uninitialized: crops.frames.shape)
    for index in 0..<target.count {
      target.pointer[index] = crops.frames.pointer[index] * crops.weights.pointer[index]
    }
    return tape.add(
      tape.scale(tape.meanAbsoluteError(weighted, target), by: Float(recipe.absoluteWeight * share)),
      tape.scale(
        tape.meanSquaredError(weighted, target, blockWeights: nil), by: Float(recipe.squaredWeight * share)))
  }

  /// Raw latents; of a frozen encoder as a constant.
  private func encode(_ frames: Tensor, on tape: Tape) -> Variable {
    guard recipe.part == .decoder else { return model.encode(tape.constant(frames), on: tape) }
    let silent = Tape(device: tape.device, recording: false)
    return tape.constant(model.encode(silent.constant(frames), on: silent).value)
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
    let scenes = SceneSource(seed: AutoencoderTask.heldSeed)
    for (resolution, count) in [(32, 8), (64, 4), (128, 2)] {
      for medium in Medium.allCases {
        let values = (0..<count).map { index in
          let frames = scenes[index].render(resolution: resolution, times: medium.times)
          return psnr(frames.reshaped([1] + frames.shape), on: device)
        }
        figures["psnr \(medium.rawValue) \(resolution)"] = values.reduce(0, +) / Double(count)
      }
    }
    return figures
  }

  private func psnr(_ frames: Tensor, on device: ComputeDevice) -> Double {
    ReconstructionQuality.psnr(frames, reconstruct(frames, on: device))
  }

  package func export(to folder: String, on device: ComputeDevice) throws {
    if recipe.part == .both { measureStatistics(on: device) }
    let document = model.store.document(as: .float16, metadata: ["recipe": run.name, "recipe_sha256": run.digest])
    try DurableFile.replace(folder + "/model.safetensors", with: document.data())
  }
}
