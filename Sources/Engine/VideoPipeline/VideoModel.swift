import Diffusion
import Foundation
import TextEncoding
import VideoAutoencoder
import VideoTransformer
import Weights

/// A model folder: the parts that `pipeline.json` names, each read when it is first needed and kept.
///
/// Not `Sendable`: used from one thread at a time.
package final class VideoModel {
  package let folder: URL
  package let configuration: PipelineConfiguration
  package let schedule: NoiseSchedule
  /// Told the name of each part right before it is read.
  package var willLoad: (_ part: String) -> Void = { _ in }

  private var tokenizer: Tokenizer?
  private var textEncoder: T5Encoder?
  private var denoisers: [String: VideoTransformer] = [:]
  private var autoencoders: [String: VideoAutoencoder] = [:]

  /// Reads `pipeline.json` only.
  ///
  /// - Throws: `WeightsError` naming file and key.
  package init(folder: URL) throws {
    self.folder = folder
    configuration = try PipelineConfiguration(contentsOf: folder.appending(path: "pipeline.json"))
    schedule = configuration.noiseSchedule
  }

  package var stageCount: Int { configuration.stages.count }

  /// The folder of the text encoder.
  ///
  /// - Throws: `PipelineError` for a model without text.
  private func textFolder() throws -> URL {
    guard let part = configuration.text else {
      throw PipelineError(
        .unsupported, "encode a prompt: model \"\(folder.lastPathComponent)\" takes no text; leave the prompt out")
    }
    return folder.appending(path: part)
  }

  package func loadedTokenizer() throws -> Tokenizer {
    if let tokenizer { return tokenizer }
    let folder = try textFolder()
    let configuration = try T5Configuration(contentsOf: folder.appending(path: "config.json"))
    let loaded = try Tokenizer(
      modelFile: folder.appending(path: "spiece.model"), maxTokens: configuration.maxTokens)
    guard loaded.pieceCount <= configuration.vocabularySize else {
      throw PipelineError(
        .mismatchedParts,
        "load \"\(folder.path)\": spiece.model has \(loaded.pieceCount) pieces, config.json's vocab_size is "
          + "\(configuration.vocabularySize); do they belong together?")
    }
    tokenizer = loaded
    return loaded
  }

  package func loadedTextEncoder() throws -> T5Encoder {
    if let textEncoder { return textEncoder }
    let folder = try textFolder()
    willLoad(folder.lastPathComponent)
    let loaded = try T5Encoder(folder: folder)
    textEncoder = loaded
    return loaded
  }

  /// The transformer of `stage`.
  package func denoiser(stage: Int) throws -> VideoTransformer {
    let part = try configuration(ofStage: stage).model
    if let loaded = denoisers[part] { return loaded }
    willLoad(part)
    let loaded = try VideoTransformer(folder: folder.appending(path: part))
    denoisers[part] = loaded
    return loaded
  }

  /// The autoencoder of `stage`; stages that name the same one share it.
  package func autoencoder(stage: Int) throws -> VideoAutoencoder {
    let part = try configuration(ofStage: stage).autoencoder
    if let loaded = autoencoders[part] { return loaded }
    willLoad(part)
    let loaded = try VideoAutoencoder(folder: folder.appending(path: part))
    try check(loaded.configuration, of: part)
    autoencoders[part] = loaded
    return loaded
  }

  /// Refuses an autoencoder whose latents are not those of the models that name it.
  private func check(_ autoencoder: AutoencoderConfiguration, of part: String) throws {
    for stage in configuration.stages where stage.autoencoder == part {
      let denoiser = try TransformerConfiguration(
        contentsOf: folder.appending(path: stage.model).appending(path: "config.json"))
      guard denoiser.channels == autoencoder.latentChannels, autoencoder.pixelChannels == 3 else {
        throw PipelineError(
          .mismatchedParts,
          "load \"\(folder.path)\": \(stage.model) makes latents of \(denoiser.channels) channels, \(part) takes "
            + "\(autoencoder.latentChannels) for \(autoencoder.pixelChannels) of pixels, expected 3; do they belong together?"
        )
      }
    }
  }

  private func configuration(ofStage stage: Int) throws -> PipelineConfiguration.Stage {
    guard configuration.stages.indices.contains(stage) else {
      throw PipelineError(
        .unsupported,
        "run stage \(stage): model \"\(folder.lastPathComponent)\" has \(stageCount) stages, allowed are 0 to "
          + "\(stageCount - 1)")
    }
    return configuration.stages[stage]
  }
}

extension VideoModel {
  /// Paths, inside the folder, of every file that holds what was learned: weights and the tokenizer. Sorted.
  ///
  /// - Throws: `WeightsError` if one cannot be opened.
  package func weightsFiles() throws -> [String] {
    let parts = Set(
      configuration.stages.flatMap { [$0.model, $0.autoencoder] } + [configuration.text].compactMap { $0 })
    var files = try parts.flatMap { part in
      try ModelFolder.openWeights(in: folder.appending(path: part)).map {
        "\(part)/\(URL(filePath: $0.path).lastPathComponent)"
      }
    }
    if let tokenizer = configuration.text.map({ "\($0)/spiece.model" }),
      FileManager.default.fileExists(atPath: folder.appending(path: tokenizer).path)
    {
      files.append(tokenizer)
    }
    return files.sorted()
  }
}
