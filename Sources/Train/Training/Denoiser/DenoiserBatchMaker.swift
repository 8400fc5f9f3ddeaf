import Datasets
import Diffusion
import Foundation
import Tensors
import VideoTransformer

/// The probabilities of `model.md` section 9 and the mixture of a batch.
package struct DenoiserMixture: Sendable, Equatable {
  /// Items of a batch: videos and stacks of images.
  package var itemCount = 16
  /// How many of them are stacks of images.
  package var imageStackCount = 3
  package var selfConditioning = 0.9
  package var framePrediction = 0.5
  package var dropText = 0.1
  package var dropGivenFrames = 0.1
  /// The highest timestep of noise-conditioning augmentation.
  package var highestAugmentation = 300
  /// How much an upsampler's errors count where its input shows something, against 1 elsewhere.
  package var detailWeight: Float = 1
  /// Timesteps are drawn with density ∝ k^(p − 1): 1 for all alike, as in the paper; more for a model that takes few
  /// steps, which are noisy ones.
  package var timestepPower = 1.0

  package init() {}

  /// One of 0 ..< count.
  func timestep(of count: Int, _ draw: inout DrawSequence) -> Int {
    timestepPower == 1 ? draw.index(below: count) : Int(Double(count) * pow(draw.uniform(), 1 / timestepPower))
  }
}

/// Makes a denoiser's batches from cached latents: which clips, how much noise, what the network is told.
package struct DenoiserBatchMaker: Sendable {
  private let mixture: DenoiserMixture
  private let seed: UInt64
  private let schedule: NoiseSchedule
  private let videos: LatentExamples
  private let images: LatentExamples
  private let model: TransformerConfiguration

  /// - Parameter model: says how many latent frames an item has and what the network can be told: text, a class, given
  ///   frames.
  package init(
    _ mixture: DenoiserMixture, for model: TransformerConfiguration, seed: UInt64,
    schedule: NoiseSchedule = NoiseSchedule(), videos: LatentExamples, images: LatentExamples
  ) {
    self.mixture = mixture
    self.seed = seed
    self.schedule = schedule
    self.videos = videos
    self.images = images
    self.model = model
  }

  /// Batch `number`; the same for the same number.
  package func batch(at number: Int) -> DenoiserBatch {
    let drafts = (0..<mixture.itemCount).map { draft(item: $0, batch: number) }
    var draw = draws(item: mixture.itemCount, batch: number)
    return DenoiserBatch(
      items: drafts.map(\.item), clean: .concatenating(drafts.map(\.clean)),
      noisy: .concatenating(drafts.map(\.noisy)), target: .concatenating(drafts.map(\.target)),
      lowResolution: drafts[0].lowResolution == nil ? nil : .concatenating(drafts.compactMap(\.lowResolution)),
      isSelfConditioned: draw.chance(mixture.selfConditioning), pixelWeights: drafts.flatMap(\.pixelWeights))
  }

  /// The random choices of one item; of the batch as a whole for `item` = itemCount.
  private func draws(item: Int, batch number: Int) -> DrawSequence {
    DrawSequence(seed: seed, index: number * (mixture.itemCount + 1) + item)
  }

  private struct Draft {
    let item: DenoiserItem
    // All [1, F, h, w, c].
    let clean: Tensor
    let noisy: Tensor
    let target: Tensor
    let lowResolution: Tensor?
    let pixelWeights: [Float]
  }

  private func draft(item: Int, batch number: Int) -> Draft {
    var draw = draws(item: item, batch: number)
    let isStack = item < mixture.imageStackCount
    let examples = isStack ? images : videos
    let picks = (0..<(isStack ? model.frames : 1)).map { _ in examples.pick(&draw) }
    let augmented = examples.hasLowResolution
    let conditions = picks.map { pick in
      let timestep = mixture.timestep(of: schedule.timestepCount, &draw)
      let isDropped = draw.chance(mixture.dropText)
      return DenoiserItem.Condition(
        timestep: timestep, caption: isDropped || !model.hasText ? nil : examples.caption(of: pick, &draw),
        classLabel: isDropped || model.classes == 0 ? nil : examples.classLabel(of: pick),
        augmentation: augmented ? draw.index(below: mixture.highestAugmentation + 1) : nil)
    }
    // An image has no frames to go on from.
    let isVideo = !isStack && model.frames > 1
    let predicts = model.hasFramePrediction && isVideo && draw.chance(mixture.framePrediction)
    let description = DenoiserItem(
      isImageStack: isStack, conditions: conditions, givenFrameCount: predicts ? 1 + draw.index(below: 2) : 0,
      showsGivenFrames: !draw.chance(mixture.dropGivenFrames))
    let clean = Tensor.concatenating(picks.map { examples.latent(of: $0) })
    let noise = normals(like: clean, stream: 0, batch: number, item: item)
    let velocities = conditions.map { Velocity(gamma: schedule.gamma($0.timestep)) }
    return Draft(
      item: description, clean: [clean].batched,
      noisy: [combine(clean, noise, velocities) { $0.noisy(clean: $1, epsilon: $2) }].batched,
      target: [combine(clean, noise, velocities) { $0.target(clean: $1, epsilon: $2) }].batched,
      lowResolution: augmented
        ? [lowResolution(of: picks, in: examples, conditions, batch: number, item: item)].batched : nil,
      pixelWeights: pixelWeights(of: picks, in: examples, givenFrameCount: description.givenFrameCount))
  }

  /// One weight for each latent pixel: given frames do not count, details of an upsampler's input count more.
  private func pixelWeights(of picks: [Int], in examples: LatentExamples, givenFrameCount: Int) -> [Float] {
    let shape = examples.latent(of: picks[0]).shape
    var weights = [Float](repeating: 1, count: model.frames * shape[1] * shape[2])
    if examples.hasLowResolution, mixture.detailWeight != 1 {
      weights = DetailWeights.of(
        lowResolution: .concatenating(picks.map { examples.lowResolutionLatent(of: $0) }),
        highest: mixture.detailWeight)
    }
    for index in 0..<givenFrameCount * shape[1] * shape[2] { weights[index] = 0 }
    return weights
  }

  /// The low-resolution latents with the noise of each condition's augmentation.
  private func lowResolution(
    of picks: [Int], in examples: LatentExamples, _ conditions: [DenoiserItem.Condition], batch number: Int, item: Int
  ) -> Tensor {
    let clean = Tensor.concatenating(picks.map { examples.lowResolutionLatent(of: $0) })
    let noise = normals(like: clean, stream: 1, batch: number, item: item)
    let velocities = conditions.map { Velocity(gamma: schedule.gamma($0.augmentation ?? -1)) }
    return combine(clean, noise, velocities) { $0.noisy(clean: $1, epsilon: $2) }
  }

  private func normals(like tensor: Tensor, stream: Int, batch number: Int, item: Int) -> Tensor {
    NoiseStream(seed: seed, purpose: .training(stream), chunk: UInt32(number), item: UInt32(item))
      .normals(shape: tensor.shape)
  }

  /// Applies each condition's velocity to its frames: all of them for a video, one for an image of a stack.
  private func combine(
    _ clean: Tensor, _ noise: Tensor, _ velocities: [Velocity], _ formula: (Velocity, Tensor, Tensor) -> Tensor
  ) -> Tensor {
    let framesEach = clean.shape[0] / velocities.count
    return .concatenating(
      velocities.enumerated().map { index, velocity in
        let frames = (index * framesEach)..<((index + 1) * framesEach)
        return formula(velocity, clean.rows(frames), noise.rows(frames))
      })
  }
}

extension [Tensor] {
  /// One axis more, outermost: the items of a batch.
  fileprivate var batched: Tensor {
    let joined = Tensor.concatenating(self)
    return joined.reshaped([count, joined.shape[0] / count] + joined.shape.dropFirst())
  }
}
