import Foundation
import Weights

/// `pipeline.json` of a model folder (model.md section 10.4, design section 11): which parts, and how they are sampled.
package struct PipelineConfiguration: Sendable, Hashable {
  package struct Diffusion: Sendable, Hashable {
    package var steps = 1000
    package var betaStart = 1e-4
    package var betaEnd = 0.02
    package var zeroTerminalSNR = true

    package init() {}
  }

  package struct Sampler: Sendable, Hashable {
    /// Of the stages that say no number of their own.
    package var steps = 50
    package var eta = 0.0
    /// Whether the unconditional branch of guidance also drops the given frames.
    package var dropsFramePrediction = true

    package init() {}
  }

  /// One model of the cascade; `model` and `autoencoder` name sub-folders.
  package struct Stage: Sendable, Hashable {
    package var model: String
    package var autoencoder: String
    /// Sampling steps; nil: as many as the sampler's.
    package var steps: Int?
    package var guidance: Double
    /// Timestep of the noise on the low-resolution latents, −1 for none; 100 unless said. Ignored by the base.
    package var augmentationTimestep: Double
  }

  /// The same model for another size: `folder` names a model folder.
  package struct Variant: Sendable, Hashable {
    package var width: Int
    package var height: Int
    package var folder: String
  }

  /// The model's name, nil for the folder's.
  package var name: String?
  package var diffusion = Diffusion()
  package var sampler = Sampler()
  /// The text encoder's sub-folder, nil for models without text.
  package var text: String?
  package var stages: [Stage]
  package var framesPerSecond: Int
  /// The most frames of one request; nil: 17 without frame prediction, else 293.
  package var maxFrames: Int?
  package var variants: [Variant]

  package init(contentsOf file: URL) throws {
    let object = try ConfigurationObject(contentsOf: file)
    try object.requireType("walt-pipeline")
    name = try object.optionalString("name")
    if let part = try object.optionalObject("diffusion") { diffusion = try Diffusion(part) }
    if let part = try object.optionalObject("sampler") { sampler = try Sampler(part) }
    text = try object.has("text") ? object.folderName("text") : nil
    stages = try object.objects("stages", count: 1...3).map(Stage.init)
    framesPerSecond = try object.optionalInteger("fps", in: 1...240) ?? 8
    maxFrames = try object.optionalInteger("max_frames", in: 1...1_000_000)
    variants = try object.optionalObjects("variants", count: 0...64)?.map(Variant.init) ?? []
    try object.finish()
  }
}

extension PipelineConfiguration.Diffusion {
  fileprivate init(_ object: ConfigurationObject) throws {
    steps = try object.integer("steps", in: 2...100_000)
    betaStart = try object.number("beta_start", in: 1e-12...0.5)
    betaEnd = try object.number("beta_end", in: betaStart...0.999)
    zeroTerminalSNR = try object.bool("zero_snr")
    try object.finish()
  }
}

extension PipelineConfiguration.Sampler {
  fileprivate init(_ object: ConfigurationObject) throws {
    steps = try object.integer("steps", in: 1...1000)
    eta = try object.optionalNumber("eta", in: 0...1) ?? 0
    dropsFramePrediction = try object.optionalBool("cfg_drop_fp") ?? true
    try object.finish()
  }
}

extension PipelineConfiguration.Stage {
  fileprivate init(_ object: ConfigurationObject) throws {
    model = try object.folderName("model")
    autoencoder = try object.folderName("autoencoder")
    steps = try object.optionalInteger("steps", in: 1...1000)
    guidance = try object.optionalNumber("guidance", in: 0...1000) ?? 1
    augmentationTimestep = try object.optionalNumber("k_sr", in: -1...999) ?? 100
    try object.finish()
  }
}

extension PipelineConfiguration.Variant {
  fileprivate init(_ object: ConfigurationObject) throws {
    width = try object.integer("width", in: 8...65536)
    height = try object.integer("height", in: 8...65536)
    folder = try object.folderName("folder")
    try object.finish()
  }
}

extension ConfigurationObject {
  /// The name of a sibling folder; never a path that leads elsewhere.
  fileprivate func folderName(_ key: String) throws -> String {
    let name = try string(key)
    guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else {
      throw error(.invalidValue, key, "is \"\(name)\", expected the name of a folder beside the file")
    }
    return name
  }
}
