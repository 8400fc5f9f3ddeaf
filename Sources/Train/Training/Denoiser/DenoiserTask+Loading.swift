import Datasets
import Foundation
import Kernels
import Layers
import VideoAutoencoder
import VideoTransformer

/// The examples that a denoiser's recipe trains on and is measured with.
private struct DenoiserExamples {
  let videos: any ExampleSource
  let images: any ExampleSource
  let heldVideos: any ExampleSource
  let heldImages: any ExampleSource

  /// The recipe's data set, or the built-in world. Images stand in for the videos of a model of images, and for those
  /// of a data set, which may have none, where batches hold stacks of images only.
  init(_ recipe: DenoiserRecipe, for model: TransformerConfiguration, frameCount: Int, place: DataPlace) throws {
    let isOfImages = model.frames == 1
    if let data = recipe.data {
      let resolutions = [recipe.resolution] + (model.isUpsampler ? [recipe.resolution / 2] : [])
      let clips = try ClipData(data, shorterSides: resolutions, usesClasses: model.classes > 0, place: place)
      func windows(_ media: MediaSet, _ medium: Medium) throws -> ClipWindows {
        try ClipWindows(media, medium, frameCount: medium == .image ? 1 : frameCount)
      }
      let hasStacksOnly = recipe.mixture.imageStackCount == recipe.mixture.itemCount
      let medium: Medium = isOfImages || hasStacksOnly ? .image : .video
      videos = try windows(clips.train, medium)
      images = try windows(clips.train, .image)
      heldVideos = try windows(clips.held, medium)
      heldImages = try windows(clips.held, .image)
    } else {
      let source = SceneSource(seed: 1)
      let held = SceneSource(seed: AutoencoderTask.heldSeed, split: .heldOut)
      let medium: Medium = isOfImages ? .image : .video
      videos = SceneExamples(source, medium)
      images = SceneExamples(source, .image)
      heldVideos = SceneExamples(held, medium)
      heldImages = SceneExamples(held, .image)
    }
  }
}

/// The latents that a denoiser's recipe trains on and is measured with.
struct DenoiserData {
  let videos: LatentExamples
  let images: LatentExamples
  let heldVideos: LatentExamples
  let heldImages: LatentExamples

  /// Reads them from the cache, after making what is not there yet.
  ///
  /// - Throws: `TrainingError`, before anything is made, where recipe, model and autoencoder do not fit together.
  init(
    _ recipe: DenoiserRecipe, run: RunRecipe, _ configuration: TransformerConfiguration, _ library: LatentLibrary,
    place: DataPlace
  ) throws {
    try recipe.check(configuration, with: library.autoencoder.configuration)
    func latents(_ source: any ExampleSource, _ count: Int) throws -> LatentExamples {
      try library.examples(
        of: source, count: min(count, source.availableCount ?? count), resolution: recipe.resolution,
        withLowResolution: configuration.isUpsampler, until: place.stop
      ) { place.report("\(run.name): latents: \($0)") }
    }
    let examples = try DenoiserExamples(
      recipe, for: configuration,
      frameCount: library.autoencoder.configuration.frameCount(ofLatentFrames: configuration.frames), place: place)
    videos = try latents(examples.videos, recipe.videoCount)
    images = try latents(examples.images, recipe.imageCount)
    heldVideos = try latents(examples.heldVideos, 64)
    heldImages = try latents(examples.heldImages, 64)
    guard configuration.classes > 0 else { return }
    let labels = [videos, images, heldVideos, heldImages].flatMap(\.labels)
    if let lowest = labels.min(), let highest = labels.max(), lowest < 0 || highest >= configuration.classes {
      throw TrainingError(
        .recipe,
        "read \(run.modelFolder)/config.json: num_classes is \(configuration.classes), the data has classes "
          + "\(lowest) to \(highest), which count from 0; give the model as many")
    }
  }
}

extension DenoiserTask {
  /// Makes the latents that a recipe needs, as a run would before its first step.
  static func cacheLatents(
    _ recipe: DenoiserRecipe, run: RunRecipe, place: DataPlace, on device: ComputeDevice
  ) throws {
    let configuration = try TransformerConfiguration(
      contentsOf: URL(fileURLWithPath: run.modelFolder + "/config.json"))
    let library = try LatentLibrary(autoencoderFolder: recipe.autoencoder, cacheFolder: place.cacheFolder, on: device)
    _ = try DenoiserData(recipe, run: run, configuration, library, place: place)
  }

  /// Loads what a recipe names, and makes the latents that are not in the cache yet.
  convenience init(
    _ recipe: DenoiserRecipe, run: RunRecipe, place: DataPlace, on device: ComputeDevice
  ) throws {
    let configuration = try TransformerConfiguration(
      contentsOf: URL(fileURLWithPath: run.modelFolder + "/config.json"))
    // What cannot be opened is found before hours go into latents.
    let text = try TextEncoder(of: recipe, for: configuration)
    let model = try VideoTransformer.forTraining(configuration, start: recipe.start, seed: run.seed)
    model.recomputesLayers = recipe.recomputesLayers
    let library = try LatentLibrary(autoencoderFolder: recipe.autoencoder, cacheFolder: place.cacheFolder, on: device)
    let data = try DenoiserData(recipe, run: run, configuration, library, place: place)
    func batches(
      _ mixture: DenoiserMixture, _ videos: LatentExamples, _ images: LatentExamples
    ) -> DenoiserBatchMaker {
      DenoiserBatchMaker(mixture, for: configuration, seed: run.seed, videos: videos, images: images)
    }
    let training = batches(recipe.mixture, data.videos, data.images)
    // Every pixel weighs the same in measuring. Timesteps are drawn as in training: losses that are measured under
    // different powers cannot be compared.
    var plain = recipe.mixture
    plain.detailWeight = 1
    let held = batches(plain, data.heldVideos, data.heldImages)
    self.init(
      recipe, run: run, model: model, text: text, autoencoder: library.autoencoder, heldVideos: data.heldVideos,
      training: training, held: held)
  }
}

extension VideoTransformer {
  fileprivate static func forTraining(
    _ configuration: TransformerConfiguration, start: String?, seed: UInt64
  ) throws -> VideoTransformer {
    guard let start else { return VideoTransformer(configuration: configuration, seed: seed) }
    return VideoTransformer(
      configuration: configuration,
      store: try ParameterStore(
        folder: URL(fileURLWithPath: start), specifications: configuration.specifications))
  }
}

extension TextEncoder {
  /// The encoder that a recipe names; nil for a model without text.
  init?(of recipe: DenoiserRecipe, for configuration: TransformerConfiguration) throws {
    guard configuration.hasText else { return nil }
    guard let folder = recipe.textEncoder else {
      throw TrainingError(
        .recipe,
        "read the recipe: its model is told by text what to show, and text_encoder is missing; name a t5 folder")
    }
    try self.init(folder: folder)
    guard width == configuration.textWidth else {
      throw TrainingError(
        .recipe,
        "read the recipe: text_encoder \"\(folder)\" gives vectors of \(width), its model's text_dim is "
          + "\(configuration.textWidth); make them equal")
    }
  }
}
