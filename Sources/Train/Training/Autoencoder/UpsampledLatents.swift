import Datasets
import Foundation
import Kernels
import Tensors
import VideoAutoencoder
import VideoPipeline

/// Latents as the upsamplers of a cascade make them of true clips: what a decoder is given when the cascade is used.
struct UpsampledLatents {
  /// Pixels of a side of the true clips.
  let clipSide: Int
  /// By the pixels of a side of what they make.
  private let makers: [Int: ClipMaker]

  /// - Parameters:
  ///   - sides: the sizes that are wanted, in pixels.
  ///   - autoencoder: whose decoder the latents are for.
  /// - Throws: `TrainingError` if the cascade makes no such sizes, or latents of another kind.
  init(cascadeFolder: String, sides: Set<Int>, for autoencoder: VideoAutoencoder, on device: ComputeDevice) throws {
    let model = try VideoModel(folder: URL(fileURLWithPath: cascadeFolder))
    let cascade = Cascade(model: model, device: device)
    let sampling = model.configuration.defaultSampling
    clipSide = try cascade.pixelSize(stage: 0).width
    guard World.drawingResolution % clipSide == 0 else {
      throw TrainingError(
        .recipe,
        "read the recipe: the clips of \"\(cascadeFolder)\" begin with \(clipSide) pixels, the built-in world draws "
          + "divisors of \(World.drawingResolution); name another cascade")
    }
    var makers: [Int: ClipMaker] = [:]
    for stage in sampling.indices.dropFirst() {
      let side = try cascade.pixelSize(stage: stage).width
      guard sides.contains(side) else { continue }
      guard try autoencoder.hasLatents(of: model.autoencoder(stage: stage)) else {
        throw TrainingError(
          .recipe,
          "read the recipe: stage \(stage) of \"\(cascadeFolder)\" makes latents of another autoencoder than the one "
            + "that is trained (its factors, latent_mean or latent_std differ); name a cascade of the same encoder")
      }
      makers[side] = try ClipMaker(
        model: model, sampling: Array(sampling[...stage]), firstStage: 1, on: device)
    }
    self.makers = makers
    if let side = sides.subtracting(makers.keys).min() {
      throw TrainingError(
        .recipe,
        "read the recipe: no upsampler of \"\(cascadeFolder)\" makes \(side) pixels; crops with upsampled latents can "
          + "have \(makers.keys.sorted().map(String.init).joined(separator: ", "))")
    }
  }

  /// Normalised latents of the clips' first frames, [n, latentFrames, h, w, c].
  func callAsFunction(_ clips: [ClipMaker.Request], side: Int, latentFrames: Int) throws -> Tensor {
    guard let maker = makers[side] else { preconditionFailure("no upsampler makes \(side) pixels") }
    return .stacking(try maker.latents(of: clips).map { $0.rows(0..<latentFrames) })
  }
}

extension VideoAutoencoder {
  /// Whether both put clips into latents of the same shape and the same statistics: those of one encoder.
  fileprivate func hasLatents(of other: VideoAutoencoder) -> Bool {
    configuration.spatialFactor == other.configuration.spatialFactor
      && configuration.temporalFactor == other.configuration.temporalFactor
      && ["latent_mean", "latent_std"].allSatisfy { store[$0].value.array == other.store[$0].value.array }
  }
}
