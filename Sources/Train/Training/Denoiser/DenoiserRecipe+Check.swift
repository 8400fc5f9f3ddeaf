import Datasets
import VideoAutoencoder
import VideoTransformer

extension DenoiserRecipe {
  /// Refuses a model, an autoencoder, a resolution and a mixture that do not fit together.
  ///
  /// - Throws: `TrainingError`.
  func check(_ model: TransformerConfiguration, with autoencoder: AutoencoderConfiguration) throws {
    func refusal(_ problem: String) -> TrainingError { TrainingError(.recipe, "read the recipe: \(problem)") }
    let factor = autoencoder.spatialFactor
    guard model.size.height * factor == resolution, model.size.width * factor == resolution else {
      throw refusal(
        "resolution is \(resolution), its model's frame has \(model.size.height)×\(model.size.width) latent pixels, "
          + "the autoencoder's of \(model.size.height * factor)×\(model.size.width * factor); make them equal")
    }
    guard autoencoder.pixelChannels == 3, model.channels == autoencoder.latentChannels,
      !model.isUpsampler || model.lowResolutionChannels == autoencoder.latentChannels
    else {
      throw refusal(
        "its model takes latents of \(model.channels) channels (lr_channels: \(model.lowResolutionChannels)), the "
          + "autoencoder makes \(autoencoder.latentChannels) of \(autoencoder.pixelChannels) of pixels; do they belong "
          + "together?")
    }
    if mixture.imageStackCount > 0, !model.acceptsImages {
      throw refusal(
        "image_stacks is \(mixture.imageStackCount), and its model's attention knows videos only; set image_stacks = 0")
    }
    if data == nil { try checkWorld(model, with: autoencoder, refusal) }
  }

  /// The built-in world draws some resolutions, and clips of one length.
  private func checkWorld(
    _ model: TransformerConfiguration, with autoencoder: AutoencoderConfiguration,
    _ refusal: (String) -> TrainingError
  ) throws {
    if World.drawingResolution % resolution != 0 {
      throw refusal(
        "resolution is \(resolution), the built-in world draws divisors of \(World.drawingResolution); take another")
    }
    let latentFrames = autoencoder.latentFrameCount(ofFrames: World.frameCount)
    let isWhole = autoencoder.frameCount(ofLatentFrames: latentFrames) == World.frameCount
    if model.frames > 1, !isWhole || model.frames != latentFrames {
      throw refusal(
        "its model makes \(model.frames) latent frames, clips of the built-in world have \(World.frameCount) frames, "
          + "which are \(isWhole ? "\(latentFrames)" : "no whole number of them"); change frames in config.json")
    }
  }
}
