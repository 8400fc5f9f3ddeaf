import Datasets
import Diffusion
import Foundation
import Kernels
import MediaIO
import Tensors
import VideoAutoencoder
import VideoPipeline
import VideoTransformer

/// How well a denoiser goes on from five frames: the other frames of windows, beside the last given frame repeated and
/// what the autoencoder alone keeps of the truth.
package struct PredictionReport: Sendable, Codable, Equatable {
  package let windows: Int
  package let model: PictureQuality
  package let lastFrameRepeated: PictureQuality
  package let autoencoder: PictureQuality
}

/// Measures frame prediction (§4.4 of the paper, with two given latent frames).
package struct PredictionMeasurement {
  private static let givenFrameCount = 5
  private let denoiser: VideoTransformer
  private let autoencoder: VideoAutoencoder
  private let sampling: StageSampling
  private let device: ComputeDevice

  /// - Throws: `TrainingError` if the denoiser predicts no frames, is told by text or an upsampler, or does not fit the
  ///   autoencoder.
  package init(denoiserFolder: String, autoencoderFolder: String, steps: Int, on device: ComputeDevice) throws {
    denoiser = try VideoTransformer(folder: URL(fileURLWithPath: denoiserFolder))
    autoencoder = try VideoAutoencoder(folder: URL(fileURLWithPath: autoencoderFolder))
    sampling = StageSampling(stepCount: steps, guidance: .constant(1))
    self.device = device
    let configuration = denoiser.configuration
    guard configuration.hasFramePrediction, !configuration.hasText, !configuration.isUpsampler else {
      throw TrainingError(
        .model,
        "predict frames with \"\(denoiserFolder)\": it must have frame_pred, no text and no lr_channels; train such a "
          + "one")
    }
    try checkFit(denoiserFolder: denoiserFolder, autoencoderFolder: autoencoderFolder)
  }

  private func checkFit(denoiserFolder: String, autoencoderFolder: String) throws {
    let (model, latents) = (denoiser.configuration, autoencoder.configuration)
    try latents.check(frameCount: Self.givenFrameCount, side: resolution, folder: autoencoderFolder)
    guard model.channels == latents.latentChannels, model.size.height == model.size.width,
      frameCount > Self.givenFrameCount
    else {
      throw TrainingError(
        .model,
        "predict frames with \"\(denoiserFolder)\": it makes \(frameCount) frames of \(model.size.height)×"
          + "\(model.size.width) latent pixels of \(model.channels) channels; needed are more than "
          + "\(Self.givenFrameCount), square ones, of the \(latents.latentChannels) channels of "
          + "\"\(autoencoderFolder)\"")
    }
  }

  /// Frames of a window, and pixels of a side.
  private var frameCount: Int {
    autoencoder.configuration.frameCount(ofLatentFrames: denoiser.configuration.frames)
  }
  package var resolution: Int { denoiser.configuration.size.height * autoencoder.configuration.spatialFactor }

  /// - Parameter limit: the most windows.
  package func report(_ media: MediaSet, limit: Int) throws -> PredictionReport {
    let windows = try ClipWindows(media, .video, frameCount: frameCount)
    let count = min(limit, windows.count)
    var (model, repeated, kept) = (PictureQuality(), PictureQuality(), PictureQuality())
    for number in 0..<count {
      let clip = try windows.centre(number, resolution: resolution)
      let truth = RGBFrames(clip)
      let rest = Self.givenFrameCount..<truth.frameCount
      let latents = autoencoder.encode(clip.reshaped([1] + clip.shape), on: device)
      let predicted = try predict(from: clip.rows(0..<Self.givenFrameCount), number: number)
      model.add(predicted.frames(rest), against: truth.frames(rest))
      repeated.add(truth.repeating(Self.givenFrameCount - 1, times: rest.count), against: truth.frames(rest))
      kept.add(RGBFrames(autoencoder.decode(latents, on: device)[0]).frames(rest), against: truth.frames(rest))
    }
    return PredictionReport(windows: count, model: model, lastFrameRepeated: repeated, autoencoder: kept)
  }

  private func predict(from given: Tensor, number: Int) throws -> RGBFrames {
    let latents = autoencoder.encode(given.reshaped([1] + given.shape), on: device)[0]
    let item = StageItem(
      noise: NoiseKey(seed: UInt64(number), stage: 0, item: 0), sampling: sampling, isImage: false,
      givenFrames: latents)
    let sampler = try StageSampler(denoiser: denoiser, schedule: NoiseSchedule(), items: [item], on: device)
    while !sampler.isFinished { sampler.step() }
    let result = sampler.result(0)
    return RGBFrames(autoencoder.decode(result.reshaped([1] + result.shape), on: device)[0])
  }
}

extension RGBFrames {
  fileprivate func repeating(_ index: Int, times: Int) -> RGBFrames {
    let one = frame(index)
    return RGBFrames(
      width: width, height: height, frameCount: times,
      bytes: Array([[UInt8]](repeating: one.bytes, count: times).joined()))
  }
}
