import Foundation
import Kernels
import Layers
import Tensors
import Testing
import VideoTransformer
import Weights

@testable import VideoPipeline

/// The golden files of this target.
enum Golden {
  static func url(_ name: String) throws -> URL {
    try #require(Bundle.module.resourceURL).appending(path: "Fixtures/\(name)")
  }

  static func file(_ name: String) throws -> SafetensorsFile {
    try SafetensorsFile(path: url("\(name).safetensors").path)
  }

  /// The cascade on one thread, or more.
  static func cascade(threads: Int = 1) throws -> Cascade {
    Cascade(model: try VideoModel(folder: url("cascade")), device: ComputeDevice(threadCount: threads))
  }

  /// The seed of all cascade cases.
  static let seed: UInt64 = 1_898_462_298

  /// A clip with the sampling that the cascade's `pipeline.json` asks for.
  static func clip(_ cascade: Cascade, seed: UInt64 = seed, frameCount: Int) -> Clip {
    Clip(prompt: "", seed: seed, frameCount: frameCount, stages: cascade.model.configuration.defaultSampling)
  }
}

/// Compares with a golden tensor.
func expect(
  _ found: Tensor, is name: String, of golden: SafetensorsFile, within tolerance: Float,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let expected = try golden.tensor(name)
  #expect(found.count == expected.count, "\(found.shape), expected \(expected.shape)", sourceLocation: sourceLocation)
  let largest = zip(found.array, expected.array).map { abs($0 - $1) }.max() ?? 0
  #expect(largest <= tolerance, "\(name): largest difference \(largest)", sourceLocation: sourceLocation)
}
