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
    func batches(_ source: SceneSource, videos: Int, images: Int) throws -> DenoiserBatchMaker {
      func examples(_ medium: Medium, _ count: Int) throws -> LatentExamples {
        try library.examples(
          of: source, medium, count: count, resolution: recipe.resolution,
          withLowResolution: configuration.isUpsampler, until: stop
        ) { report("\(run.name): latents: \($0)") }
      }
      return DenoiserBatchMaker(
        recipe.mixture, seed: run.seed, videos: try examples(.video, videos), images: try examples(.image, images),
        frameCount: configuration.frames, predictsFrames: configuration.hasFramePrediction)
    }
    let model = try VideoTransformer.forTraining(configuration, start: recipe.start, seed: run.seed)
    self.init(
      recipe, run: run, model: model, text: try TextEncoder(folder: recipe.textEncoder),
      training: try batches(SceneSource(seed: 1), videos: recipe.videoCount, images: recipe.imageCount),
      held: try batches(SceneSource(seed: 0x7E57, split: .heldOut), videos: 64, images: 64))
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
