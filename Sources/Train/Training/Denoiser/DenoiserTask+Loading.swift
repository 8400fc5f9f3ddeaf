import Datasets
import DurableFiles
import Foundation
import Kernels
import Layers
import Tensors
import VideoAutoencoder
import VideoTransformer
import Weights

/// The examples that a denoiser's recipe trains on and is measured with.
private struct DenoiserExamples {
  let videos: any ExampleSource
  let images: any ExampleSource
  let heldVideos: any ExampleSource
  let heldImages: any ExampleSource

  /// The recipe's data set, or the built-in world.
  init(_ recipe: DenoiserRecipe, resolutions: [Int], frameCount: Int, place: DataPlace) throws {
    if let data = recipe.data {
      let clips = try ClipData(data, shorterSides: resolutions, place: place)
      func windows(_ media: MediaSet, _ medium: Medium) throws -> ClipWindows {
        try ClipWindows(media, medium, frameCount: medium == .image ? 1 : frameCount)
      }
      videos = try windows(clips.train, .video)
      images = try windows(clips.train, .image)
      heldVideos = try windows(clips.held, .video)
      heldImages = try windows(clips.held, .image)
    } else {
      let source = SceneSource(seed: 1)
      let held = SceneSource(seed: AutoencoderTask.heldSeed, split: .heldOut)
      videos = SceneExamples(source, .video)
      images = SceneExamples(source, .image)
      heldVideos = SceneExamples(held, .video)
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
  init(
    _ recipe: DenoiserRecipe, run: RunRecipe, _ configuration: TransformerConfiguration, _ library: LatentLibrary,
    place: DataPlace
  ) throws {
    func latents(_ source: any ExampleSource, _ count: Int) throws -> LatentExamples {
      try library.examples(
        of: source, count: min(count, source.availableCount ?? count), resolution: recipe.resolution,
        withLowResolution: configuration.isUpsampler, until: place.stop
      ) { place.report("\(run.name): latents: \($0)") }
    }
    let examples = try DenoiserExamples(
      recipe, resolutions: [recipe.resolution] + (configuration.isUpsampler ? [recipe.resolution / 2] : []),
      frameCount: library.autoencoder.configuration.frameCount(ofLatentFrames: configuration.frames), place: place)
    videos = try latents(examples.videos, recipe.videoCount)
    images = try latents(examples.images, recipe.imageCount)
    heldVideos = try latents(examples.heldVideos, 64)
    heldImages = try latents(examples.heldImages, 64)
    guard configuration.classes > 0 else { return }
    let labels = [videos, images, heldVideos, heldImages].compactMap(\.highestLabel)
    if let highest = labels.max(), highest >= configuration.classes {
      throw TrainingError(
        .recipe,
        "read \(run.modelFolder)/config.json: num_classes is \(configuration.classes), the data has class "
          + "\(highest); give the model as many")
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
    let library = try LatentLibrary(autoencoderFolder: recipe.autoencoder, cacheFolder: place.cacheFolder, on: device)
    let data = try DenoiserData(recipe, run: run, configuration, library, place: place)
    func batches(
      _ mixture: DenoiserMixture, _ videos: LatentExamples, _ images: LatentExamples
    ) -> DenoiserBatchMaker {
      DenoiserBatchMaker(mixture, for: configuration, seed: run.seed, videos: videos, images: images)
    }
    let training = batches(recipe.mixture, data.videos, data.images)
    // Measured by the paper's loss, whatever training weighs.
    var plain = recipe.mixture
    plain.detailWeight = 1
    let held = batches(plain, data.heldVideos, data.heldImages)
    let model = try VideoTransformer.forTraining(configuration, start: recipe.start, seed: run.seed)
    model.recomputesLayers = recipe.recomputesLayers
    self.init(
      recipe, run: run, model: model, text: try TextEncoder(of: recipe, for: configuration),
      autoencoder: library.autoencoder, heldVideos: data.heldVideos, training: training, held: held)
  }
}

extension VideoTransformer {
  fileprivate static func forTraining(
    _ configuration: TransformerConfiguration, start: String?, seed: UInt64
  ) throws -> VideoTransformer {
    guard let start else { return VideoTransformer(configuration: configuration, seed: seed) }
    let files = try ModelFolder.openWeights(in: URL(fileURLWithPath: start))
    return VideoTransformer(
      configuration: configuration,
      store: try ParameterStore(loading: files, specifications: configuration.specifications))
  }
}

extension TextEncoder {
  /// The encoder that a recipe names; nil for a model without text.
  fileprivate init?(of recipe: DenoiserRecipe, for configuration: TransformerConfiguration) throws {
    guard configuration.hasText else { return nil }
    guard let folder = recipe.textEncoder else {
      throw TrainingError(
        .recipe,
        "read the recipe: its model is told by text what to show, and text_encoder is missing; name a t5 folder")
    }
    try self.init(folder: folder)
  }
}
