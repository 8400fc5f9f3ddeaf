import Autograd
import Foundation
import Kernels
import Layers
import Tensors

/// The causal video autoencoder (§4.1 of the paper, model.md section 2): frame 0 is encoded alone, so that an image is
/// a video of one frame.
///
/// Used from one thread at a time.
package final class VideoAutoencoder {
  package let configuration: AutoencoderConfiguration
  /// All weights, and the latents' statistics.
  package let store: ParameterStore
  let encoder: Encoder
  let decoder: Decoder

  /// - Parameter store: the weights that `configuration.specifications` lists.
  package init(configuration: AutoencoderConfiguration, store: ParameterStore) {
    self.configuration = configuration
    self.store = store
    encoder = Encoder(store, configuration)
    decoder = Decoder(store, configuration)
  }

  /// Reads `config.json` and the weights of a model folder.
  package convenience init(folder: URL) throws {
    let configuration = try AutoencoderConfiguration(contentsOf: folder.appendingPathComponent("config.json"))
    self.init(
      configuration: configuration,
      store: try ParameterStore(folder: folder, specifications: configuration.specifications))
  }

  /// A model to be trained, its weights drawn from `seed`.
  package convenience init(configuration: AutoencoderConfiguration, seed: UInt64) {
    self.init(
      configuration: configuration,
      store: ParameterStore(initializing: configuration.specifications, seed: seed))
  }

  /// All weights in a fixed order.
  package var parameters: [Parameter] { store.parameters }

  // On a tape ---------------------------------------------------------------------------------------------------------

  /// Pixels [B, 1 + T, H, W, 3] in [−1, 1] → latents as they are, not normalised, [B, 1 + t, h, w, c]; a variational
  /// model's have 2c channels, mean then log variance.
  ///
  /// - Precondition: T is a multiple of the temporal factor; H, W of the spatial one.
  package func encode(_ x: Variable, on tape: Tape) -> Variable {
    checkPixels(x.shape, extraFrames: 1)
    return encoder(x, on: tape, stream: nil)
  }

  /// Latents as they are, not normalised, [B, 1 + t, h, w, c] → pixels [B, 1 + T, H, W, 3].
  package func decode(_ z: Variable, on tape: Tape) -> Variable {
    checkLatents(z.shape)
    return decoder(z, on: tape, stream: nil)
  }

  // Values ------------------------------------------------------------------------------------------------------------

  /// Pixels [B, 1 + T, H, W, 3] → normalised latents [B, 1 + t, h, w, c] (the mean, where variational).
  package func encode(_ pixels: Tensor, on device: ComputeDevice) -> Tensor {
    normalize(meanLatents(pixels, on: device))
  }

  /// The same, not normalised.
  package func meanLatents(_ pixels: Tensor, on device: ComputeDevice) -> Tensor {
    let tape = Tape(device: device, recording: false)
    return moments(encode(tape.constant(pixels), on: tape).value).mean
  }

  /// Normalised latents [B, 1 + t, h, w, c] → pixels [B, 1 + T, H, W, 3], not clamped.
  package func decode(_ latents: Tensor, on device: ComputeDevice) -> Tensor {
    let tape = Tape(device: device, recording: false)
    return decode(tape.constant(denormalize(latents)), on: tape).value
  }

  /// Bytes beside the weights above which a clip is decoded frame by frame.
  package static let activationLimit = 2 << 30

  /// The same, but frame by frame and in bands of rows where decoding the whole at once would need more than
  /// `activationLimit` bytes beside the weights. The pixels do not depend on it.
  package func decode(
    _ latents: Tensor, on device: ComputeDevice, activationLimit: Int
  ) -> Tensor {
    let (frames, height, width) = (latents.shape[1], latents.shape[2], latents.shape[3])
    let whole = configuration.wholeDecodingByteCount(latentFrames: frames, height: height, width: width)
    guard latents.shape[0] * whole > activationLimit else { return decode(latents, on: device) }
    return decodeFrameByFrame(latents, on: device)
  }

  /// Splits what the encoder gives: the latents or their mean, and the log variance, clamped to [−30, 20], where the
  /// model is variational.
  package func moments(_ encoded: Tensor) -> (mean: Tensor, logVariance: Tensor?) {
    guard configuration.isVariational else { return (encoded, nil) }
    let c = configuration.latentChannels
    let logVariance = encoded.channels(c..<(2 * c)).map { min(max($0, -30), 20) }
    return (encoded.channels(0..<c), logVariance)
  }

  /// (z − mean)/std of each channel.
  package func normalize(_ latents: Tensor) -> Tensor {
    let (mean, deviation) = (store["latent_mean"].value, store["latent_std"].value)
    return latents.mapChannels { ($0 - mean.pointer[$1]) / deviation.pointer[$1] }
  }

  /// ẑ·std + mean of each channel.
  package func denormalize(_ latents: Tensor) -> Tensor {
    let (mean, deviation) = (store["latent_mean"].value, store["latent_std"].value)
    return latents.mapChannels { $0 * deviation.pointer[$1] + mean.pointer[$1] }
  }

  /// Sets the statistics of each latent channel, as measured after training.
  package func setLatentStatistics(mean: [Float], standardDeviation: [Float]) {
    store["latent_mean"].value = Tensor(mean, shape: [configuration.latentChannels])
    store["latent_std"].value = Tensor(standardDeviation, shape: [configuration.latentChannels])
  }

  func checkPixels(_ shape: [Int], extraFrames: Int) {
    let (time, space) = (configuration.temporalFactor, configuration.spatialFactor)
    precondition(
      shape.count == 5 && shape[1] >= extraFrames && (shape[1] - extraFrames) % time == 0 && shape[2] % space == 0
        && shape[3] % space == 0 && shape[4] == configuration.pixelChannels,
      "cannot encode \(shape): frames must be \(extraFrames) + a multiple of \(time), sides multiples of \(space)")
  }

  func checkLatents(_ shape: [Int]) {
    precondition(
      shape.count == 5 && shape[1] >= 1 && shape[4] == configuration.latentChannels,
      "cannot decode \(shape), expected [B, F, h, w, \(configuration.latentChannels)]")
  }
}

extension Tensor {
  /// Applies `transform` to each value and its channel, the last axis.
  fileprivate func mapChannels(_ transform: (Float, Int) -> Float) -> Tensor {
    let channelCount = shape[shape.count - 1]
    let result = Tensor(uninitialized: shape)
    withExtendedLifetime(storage) {
      for index in 0..<count { result.pointer[index] = transform(pointer[index], index % channelCount) }
    }
    return result
  }

  /// Channels `range` of the last axis.
  fileprivate func channels(_ range: Range<Int>) -> Tensor {
    let channelCount = shape[shape.count - 1]
    let result = Tensor(uninitialized: shape.dropLast() + [range.count])
    withExtendedLifetime(storage) {
      for row in 0..<(count / channelCount) {
        (result.pointer + row * range.count)
          .update(from: pointer + row * channelCount + range.lowerBound, count: range.count)
      }
    }
    return result
  }
}
