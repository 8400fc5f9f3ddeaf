import Diffusion
import Foundation
import Layers
import TextEncoding
import VideoTransformer
import Weights

/// Small models for the real programs: what they make is nothing to look at, but it is made in earnest.
enum TinyModels {
  private static let cascade = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Engine/VideoPipelineTests/Fixtures/cascade").standardized

  /// The golden cascade of the engine's tests, made complete by a tokenizer.
  static func textToVideo(_ folder: String) throws {
    try FileManager.default.copyItem(at: cascade, to: URL(filePath: folder))
    let captions = URL(filePath: "\(folder)/captions.txt")
    let sentences = ["red", "green", "blue"].map { "a \($0) circle moves to the left" }
    try sentences.joined(separator: "\n").write(to: captions, atomically: true, encoding: .utf8)
    try Tokenizer.train(textFile: captions, modelFile: URL(filePath: "\(folder)/t5/spiece.model"), pieceCount: 40)
  }

  /// The same with a variant of 128 × 128 pixels beside its 128 × 64.
  static func twoSizes(_ folder: String) throws {
    try textToVideo(folder)
    let variant = "\(folder)/square"
    try textToVideo(variant)
    for (stage, side) in [("base", 4), ("sr1", 8), ("sr2", 16)] {
      let model = try VideoTransformer(folder: URL(filePath: "\(variant)/\(stage)"))
      guard let resized = model.resized(to: .init(side, side)) else { throw CocoaError(.featureUnsupported) }
      try write(resized, to: "\(variant)/\(stage)")
    }
    let file = URL(filePath: "\(folder)/pipeline.json")
    let text = try String(contentsOf: file, encoding: .utf8)
    let variants = #""variants": [{"width": 128, "height": 128, "folder": "square"}], "stages""#
    try text.replacing(#""stages""#, with: variants).write(to: file, atomically: true, encoding: .utf8)
  }

  /// One stage of 32 × 16 pixels with three classes and random weights.
  ///
  /// - Parameter frames: latent frames; 1 for a model of images.
  static func classConditional(_ folder: String, frames: Int) throws {
    try FileManager.default.createDirectory(atPath: "\(folder)/base", withIntermediateDirectories: true)
    try FileManager.default.copyItem(at: cascade.appending(path: "ae"), to: URL(filePath: "\(folder)/ae"))
    let configuration = TransformerConfiguration(
      frames: frames, size: .init(2, 4), channels: 4, patch: 1, layers: 2, hidden: 32, heads: 4,
      spatiotemporalWindow: .init(2, 2), classes: 3, hasFramePrediction: frames > 1)
    try writeRandom(configuration, to: "\(folder)/base")
    try Data(
      """
      {"type":"walt-pipeline","sampler":{"steps":4,"eta":0},"stages":[{"model":"base","autoencoder":"ae","guidance":2}]}
      """.utf8
    ).write(to: URL(filePath: "\(folder)/pipeline.json"))
  }

  /// The base of the golden cascade, alone, with random weights and cross-attention in each layer's own window.
  static func sameWindow(_ folder: String) throws {
    try textToVideo(folder)
    var configuration = try TransformerConfiguration(contentsOf: URL(filePath: "\(folder)/base/config.json"))
    configuration.crossWindow = .same
    try writeRandom(configuration, to: "\(folder)/base")
    try Data(
      """
      {"type":"walt-pipeline","text":"t5","sampler":{"steps":4,"eta":0},
       "stages":[{"model":"base","autoencoder":"ae","guidance":2}]}
      """.utf8
    ).write(to: URL(filePath: "\(folder)/pipeline.json"))
  }

  private static func writeRandom(_ configuration: TransformerConfiguration, to folder: String) throws {
    var document = SafetensorsDocument()
    for (index, specification) in configuration.specifications.enumerated() {
      let draws = NoiseKey(seed: 1, stage: 0, item: index).normals(.training(0), shape: specification.shape)
      document.add(specification.name, draws.map { $0 * 0.1 })
    }
    try document.write(to: "\(folder)/model.safetensors")
    try configuration.json.write(toFile: "\(folder)/config.json", atomically: true, encoding: .utf8)
  }

  private static func write(_ model: VideoTransformer, to folder: String) throws {
    try model.store.document().write(to: "\(folder)/model.safetensors")
    try model.configuration.json.write(toFile: "\(folder)/config.json", atomically: true, encoding: .utf8)
  }
}
