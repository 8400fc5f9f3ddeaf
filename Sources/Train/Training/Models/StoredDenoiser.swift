import Foundation
import Layers
import Tensors
import VideoTransformer
import Weights

/// A denoiser in its folder, not loaded: its configuration, and its weights to be read one by one.
struct StoredDenoiser {
  let configuration: TransformerConfiguration
  private let files: [SafetensorsFile]

  /// - Throws: `WeightsError`, also where the weights are not those of the configuration.
  init(folder: String) throws {
    let url = URL(fileURLWithPath: folder)
    configuration = try TransformerConfiguration(contentsOf: url.appending(path: "config.json"))
    files = try ModelFolder.openWeights(in: url)
    // Looks at names and shapes only.
    _ = try ParameterStore(loading: files, specifications: configuration.specifications)
  }

  /// - Throws: `WeightsError` if no file has the weight.
  func stored(_ name: String) throws -> StoredTensor {
    try (files.first { $0.contains(name) } ?? files[0]).stored(name)
  }

  /// What the weights are stored as, by the one that ends the model.
  func type() throws -> FloatType { try stored("final.proj.weight").type }
}
