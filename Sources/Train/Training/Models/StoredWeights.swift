import Foundation
import Tensors
import Weights

/// What a model folder's weights are stored as.
package enum StoredWeights {
  /// The type of the largest weight; nil where the folder holds no weights.
  ///
  /// - Throws: `WeightsError` if they cannot be opened.
  package static func type(in folder: String) throws -> FloatType? {
    let names = ["model.safetensors", "model.safetensors.index.json"]
    guard names.contains(where: { FileManager.default.fileExists(atPath: "\(folder)/\($0)") }) else { return nil }
    let weights = try ModelFolder.openWeights(in: URL(fileURLWithPath: folder)).flatMap { file in
      try file.names.map { (count: try file.shape(of: $0).reduce(1, *), type: try file.type(of: $0)) }
    }
    return weights.max { $0.count < $1.count }?.type.floatType
  }
}
