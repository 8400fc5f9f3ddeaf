import Autograd
import Diffusion
import Foundation
import Kernels
import Tensors
import TextEncoding
import VideoAutoencoder
import VideoTransformer

/// Trains a denoiser, base or upsampler, to predict v from noisy latents and text (§3, §4; `model.md` section 9).
package final class DenoiserTask: TrainingTask {
  package let updater: WeightUpdater
  private let recipe: DenoiserRecipe
  let run: RunRecipe
  let model: VideoTransformer
  /// Nil for a model without text.
  let text: TextEncoder?
  let autoencoder: VideoAutoencoder
  let heldVideos: LatentExamples
  let schedule = NoiseSchedule()
  private let training: DenoiserBatchMaker
  private let held: DenoiserBatchMaker

  /// - Parameters:
  ///   - model: the denoiser as it begins.
  ///   - autoencoder: decodes the sheets' samples.
  ///   - heldVideos: what the sheets show.
  ///   - training, held: where batches come from, to train on and to measure with.
  init(
    _ recipe: DenoiserRecipe, run: RunRecipe, model: VideoTransformer, text: TextEncoder?,
    autoencoder: VideoAutoencoder, heldVideos: LatentExamples, training: DenoiserBatchMaker, held: DenoiserBatchMaker
  ) {
    self.recipe = recipe
    self.run = run
    self.model = model
    self.text = text
    self.autoencoder = autoencoder
    self.heldVideos = heldVideos
    self.training = training
    self.held = held
    updater = WeightUpdater(model.parameters, recipe: run.optimizer)
  }

  /// Videos count as one, a stack as the images that it holds.
  package var samplesPerBatch: Int {
    let stacks = recipe.mixture.imageStackCount
    return recipe.mixture.itemCount - stacks + stacks * model.configuration.frames
  }

  package func batchMaker() -> @Sendable (Int) throws -> DenoiserBatch {
    { [training] in training.batch(at: $0) }
  }

  package func loss(of batch: DenoiserBatch, number: Int, on tape: Tape) throws -> (
    loss: Variable, parts: [String: Double]
  ) {
    (try loss(of: batch, on: tape), [:])
  }

  private func loss(of batch: DenoiserBatch, on tape: Tape) throws -> Variable {
    let (rows, ranges) = try text?.encode(batch.captions, on: tape.device) ?? (nil, [])
    var input = DenoiserInput(batch, frameCount: model.configuration.frames)
    if batch.isSelfConditioned { input.previousEstimate = firstEstimate(input, batch, rows, ranges, on: tape.device) }
    let velocity = model(input, text: model.prepare(texts: rows, ranges: ranges, on: tape), on: tape)
    return tape.meanSquaredError(velocity, batch.target, blockWeights: batch.pixelWeights)
  }

  /// x̂0 of a pass without an estimate; no gradient flows through it (§4.3).
  private func firstEstimate(
    _ input: DenoiserInput, _ batch: DenoiserBatch, _ rows: Tensor?, _ ranges: [Range<Int>], on device: ComputeDevice
  ) -> Tensor {
    let tape = Tape(device: device, recording: false)
    let velocity = model(input, text: model.prepare(texts: rows, ranges: ranges, on: tape), on: tape).value
    return batch.cleanEstimate(velocity: velocity, schedule: schedule)
  }

  /// The loss on clips that training does not see, at the same timesteps every time.
  package func measure(on device: ComputeDevice) throws -> [String: Double] {
    let count = 4
    let losses = try (0..<count).map { step in
      try loss(of: held.batch(at: step), on: Tape(device: device, recording: false)).value.scalar
    }
    return ["held loss": Double(losses.reduce(0, +)) / Double(count)]
  }

  package func export(to folder: String, on device: ComputeDevice) throws {
    try run.export(model.store, to: folder)
  }
}

/// A frozen text encoder with its tokenizer.
struct TextEncoder {
  private let tokenizer: Tokenizer
  private let encoder: T5Encoder

  /// - Parameter folder: the `t5` part of a model folder.
  init(folder: String) throws {
    let folder = URL(fileURLWithPath: folder)
    encoder = try T5Encoder(folder: folder)
    tokenizer = try Tokenizer(
      modelFile: folder.appendingPathComponent("spiece.model"), maxTokens: encoder.configuration.maxTokens)
    guard tokenizer.pieceCount <= encoder.configuration.vocabularySize else {
      throw TrainingError(
        .recipe,
        "load \"\(folder.path)\": spiece.model has \(tokenizer.pieceCount) pieces, config.json's vocab_size is "
          + "\(encoder.configuration.vocabularySize); do they belong together?")
    }
  }

  /// Of the vector of one token.
  var width: Int { encoder.configuration.hidden }

  /// The captions' rows one after another, [M, d_text]; nil where there is none.
  func encode(_ captions: [String], on device: ComputeDevice) throws -> (rows: Tensor?, ranges: [Range<Int>]) {
    guard !captions.isEmpty else { return (nil, []) }
    let tape = Tape(device: device, recording: false)
    let (rows, ranges) = encoder.encode(try captions.map { try tokenizer.encode($0) }, on: tape)
    return (rows.value, ranges)
  }
}
