import Datasets
import DurableFiles
import Foundation
import Kernels
import Layers
import Tensors
import VideoAutoencoder
import VideoTransformer
import Weights

/// The latents that a denoiser's recipe trains on and is measured with.
struct DenoiserData {
  let videos: LatentExamples
  let images: LatentExamples
  let heldVideos: LatentExamples
  let heldImages: LatentExamples

  /// Reads them from the cache, after making what is not there yet.
  init(
    _ recipe: DenoiserRecipe, run: RunRecipe, _ configuration: TransformerConfiguration, _ library: LatentLibrary,
    report: (String) -> Void, until stop: StopRequest
  ) throws {
    func examples(_ source: SceneSource, _ medium: Medium, _ count: Int) throws -> LatentExamples {
      try library.examples(
        of: source, medium, count: count, resolution: recipe.resolution,
        withLowResolution: configuration.isUpsampler, until: stop
      ) { report("\(run.name): latents: \($0)") }
    }
    let source = SceneSource(seed: 1)
    let held = SceneSource(seed: AutoencoderTask.heldSeed, split: .heldOut)
    videos = try examples(source, .video, recipe.videoCount)
    images = try examples(source, .image, recipe.imageCount)
    heldVideos = try examples(held, .video, 64)
    heldImages = try examples(held, .image, 64)
  }
}

extension DenoiserTask {
  /// Makes the latents that a recipe needs, as a run would before its first step.
  package static func cacheLatents(
    _ recipe: DenoiserRecipe, run: RunRecipe, cacheFolder: String, on device: ComputeDevice,
    report: (String) -> Void, until stop: StopRequest
  ) throws {
    let configuration = try TransformerConfiguration(
      contentsOf: URL(fileURLWithPath: run.modelFolder + "/config.json"))
    let library = try LatentLibrary(autoencoderFolder: recipe.autoencoder, cacheFolder: cacheFolder, on: device)
    _ = try DenoiserData(recipe, run: run, configuration, library, report: report, until: stop)
  }

  /// Loads what a recipe names, and makes the latents that are not in the cache yet.
  package convenience init(
    _ recipe: DenoiserRecipe, run: RunRecipe, cacheFolder: String, on device: ComputeDevice,
    report: (String) -> Void, until stop: StopRequest
  ) throws {
    let configuration = try TransformerConfiguration(
      contentsOf: URL(fileURLWithPath: run.modelFolder + "/config.json"))
    guard configuration.classes == 0 || configuration.classes >= Scene.classCount else {
      throw TrainingError(
        .recipe,
        "read \(run.modelFolder)/config.json: num_classes is \(configuration.classes), the world has "
          + "\(Scene.classCount) classes; give the model as many")
    }
    let library = try LatentLibrary(autoencoderFolder: recipe.autoencoder, cacheFolder: cacheFolder, on: device)
    let data = try DenoiserData(recipe, run: run, configuration, library, report: report, until: stop)
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
