import Foundation
import Tensors
import VideoAutoencoder
import VideoPipeline
import VideoTransformer

/// What the parts of a pipeline hold, and what a clip of it costs.
package struct PipelineSummary: Sendable, Encodable {
  package let name: String
  /// The text encoder, the denoisers, then the autoencoder that makes the pixels.
  package let parts: [ModelSummary]
  /// Of one clip: the prompt, every stage's sampling, the decoding.
  package let clipOperations: Int
  /// Bytes of a process that holds every part.
  package let peakByteCount: Int

  private enum CodingKeys: String, CodingKey {
    case name, parts
    case clipOperations = "clip_operations"
    case peakByteCount = "peak_bytes"
  }

  /// - Parameters:
  ///   - folder: holds `pipeline.json` and the parts' folders.
  ///   - type: what weights are stored as where there are none yet.
  package init(folder: String, storedAs type: FloatType, textTokens: Int) throws {
    let pipeline = try PipelineConfiguration(contentsOf: URL(fileURLWithPath: "\(folder)/pipeline.json"))
    name = pipeline.name ?? URL(fileURLWithPath: folder).lastPathComponent
    var assumptions = ModelSummary.Assumptions()
    assumptions.textTokens = textTokens
    func summary(_ part: String) throws -> ModelSummary {
      let path = "\(folder)/\(part)"
      return ModelSummary(
        try ModelConfiguration(path: path), name: part, storedAs: try StoredWeights.type(in: path) ?? type,
        assuming: assumptions)
    }
    var parts = try pipeline.text.map { [try summary($0)] } ?? []
    for stage in pipeline.stages {
      assumptions.samplingSteps = stage.steps ?? pipeline.sampler.steps
      assumptions.passesPerStep = stage.guidance == 1 ? 1 : 2
      parts.append(try summary(stage.model))
    }
    let last = pipeline.stages[pipeline.stages.count - 1]
    if case .denoiser(let denoiser) = try ModelConfiguration(path: "\(folder)/\(last.model)"),
      case .autoencoder(let autoencoder) = try ModelConfiguration(path: "\(folder)/\(last.autoencoder)")
    {
      assumptions.frames = autoencoder.frameCount(ofLatentFrames: denoiser.frames)
      assumptions.height = denoiser.size.height * autoencoder.spatialFactor
      assumptions.width = denoiser.size.width * autoencoder.spatialFactor
    }
    parts.append(try summary(last.autoencoder))
    self.parts = parts
    clipOperations = parts.reduce(0) { $0 + $1.clipOperations }
    peakByteCount =
      ModelSummary.processByteCount + parts.reduce(0) { $0 + $1.weightsByteCount }
      + (parts.map(\.activationsByteCount).max() ?? 0)
  }

  /// The tables that people read.
  package var text: String {
    parts.map(\.text).joined(separator: "\n") + """

      \(name): a clip takes \(operations(clipOperations)); a process that holds every part peaks at \
      \(bytes(peakByteCount))

      """
  }
}
