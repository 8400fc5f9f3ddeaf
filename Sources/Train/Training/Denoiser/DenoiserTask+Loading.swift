import Datasets
import DurableFiles
import Foundation
import Kernels
import Layers
import Tensors
import VideoAutoencoder
import VideoTransformer
import Weights

extension DenoiserTask {
  /// Loads what a recipe names, and makes the latents that are not in the cache yet.
  package convenience init(
    _ recipe: DenoiserRecipe, run: RunRecipe, cacheFolder: String, on device: ComputeDevice,
    report: @escaping (String) -> Void, until stop: StopRequest
  ) throws {
    let configuration = try TransformerConfiguration(
      contentsOf: URL(fileURLWithPath: run.modelFolder + "/config.json"))
    let library = try LatentLibrary(autoencoderFolder: recipe.autoencoder, cacheFolder: cacheFolder, on: device)
    func examples(_ source: SceneSource, _ medium: Medium, _ count: Int) throws -> LatentExamples {
      try library.examples(
        of: source, medium, count: count, resolution: recipe.resolution,
        withLowResolution: configuration.isUpsampler, until: stop
      ) { report("\(run.name): latents: \($0)") }
    }
    func batches(_ videos: LatentExamples, _ images: LatentExamples) -> DenoiserBatchMaker {
      DenoiserBatchMaker(
        recipe.mixture, seed: run.seed, videos: videos, images: images, frameCount: configuration.frames,
        predictsFrames: configuration.hasFramePrediction)
    }
    let source = SceneSource(seed: 1)
    let training = try batches(
      examples(source, .video, recipe.videoCount), examples(source, .image, recipe.imageCount))
    let heldSource = SceneSource(seed: AutoencoderTask.heldSeed, split: .heldOut)
    let heldVideos = try examples(heldSource, .video, 64)
    let held = batches(heldVideos, try examples(heldSource, .image, 64))
    let model = try VideoTransformer.forTraining(configuration, start: recipe.start, seed: run.seed)
    self.init(
      recipe, run: run, model: model, text: try TextEncoder(folder: recipe.textEncoder),
      autoencoder: library.autoencoder, heldVideos: heldVideos, training: training, held: held)
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
