import Foundation
import Layers
import Tensors
import TextEncoding
import VideoAutoencoder
import VideoTransformer
import Weights

/// What one part of a cascade holds and costs, worked out from its configuration alone.
package struct ModelSummary: Sendable, Encodable {
  /// What the figures are worked out for.
  package struct Assumptions: Sendable {
    /// Tokens of a prompt.
    package var textTokens = 64
    /// The clip that an autoencoder sees, in pixels.
    package var frames = 17
    package var height = 128
    package var width = 224
    package var samplingSteps = 50
    /// Passes of the denoiser for each step: 2 with guidance.
    package var passesPerStep = 2

    package init() {}
  }

  package struct Part: Sendable, Encodable {
    package let name: String
    package let parameters: Int
    package let operations: Int
  }

  package let name: String
  package let kind: String
  /// What a pass is over.
  package let pass: String
  package let parts: [Part]
  package let parameters: Int
  /// Of one pass, two for each multiply-add.
  package let passOperations: Int
  /// What a whole clip is.
  package let clip: String
  package let clipOperations: Int
  /// What the weights are stored as.
  package let weightsType: String
  /// Of the weights that a clip needs, loaded: of an autoencoder the decoder's.
  package let weightsByteCount: Int
  /// Beside the weights, at the peak: of a step, of decoding, of encoding a prompt.
  package let activationsByteCount: Int

  /// Bytes that a process holds at its peak.
  package var peakByteCount: Int { Self.processByteCount + weightsByteCount + activationsByteCount }

  /// The program, its libraries and stacks.
  package static let processByteCount = 48 << 20

  /// - Parameters:
  ///   - name: for the heading.
  ///   - type: what the weights are stored as.
  package init(
    _ configuration: ModelConfiguration, name: String, storedAs type: FloatType, assuming: Assumptions = Assumptions()
  ) {
    switch configuration {
    case .denoiser(let denoiser): self.init(denoiser, name: name, storedAs: type, assuming: assuming)
    case .autoencoder(let autoencoder): self.init(autoencoder, name: name, storedAs: type, assuming: assuming)
    case .textEncoder(let encoder): self.init(encoder, name: name, storedAs: type, assuming: assuming)
    }
  }

  private init(
    name: String, kind: String, pass: String, parts: [ModelPart], clip: String, clipOperations: Int, type: FloatType,
    weightsByteCount: Int, activationsByteCount: Int
  ) {
    (self.name, self.kind, self.pass) = (name, kind, pass)
    self.parts = parts.map { Part(name: $0.name, parameters: $0.weightCount, operations: $0.cost.operations) }
    parameters = parts.weightCount
    passOperations = parts.cost.operations
    (self.clip, self.clipOperations) = (clip, clipOperations)
    weightsType = type.rawValue
    (self.weightsByteCount, self.activationsByteCount) = (weightsByteCount, activationsByteCount)
  }

  private enum CodingKeys: String, CodingKey {
    case name, kind, pass, parts, parameters
    case passOperations = "pass_operations"
    case clip
    case clipOperations = "clip_operations"
    case weightsType = "weights_type"
    case weightsByteCount = "weights_bytes"
    case activationsByteCount = "activations_bytes"
    case peakByteCount = "peak_bytes"
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(kind, forKey: .kind)
    try container.encode(pass, forKey: .pass)
    try container.encode(parts, forKey: .parts)
    try container.encode(parameters, forKey: .parameters)
    try container.encode(passOperations, forKey: .passOperations)
    try container.encode(clip, forKey: .clip)
    try container.encode(clipOperations, forKey: .clipOperations)
    try container.encode(weightsType, forKey: .weightsType)
    try container.encode(weightsByteCount, forKey: .weightsByteCount)
    try container.encode(activationsByteCount, forKey: .activationsByteCount)
    try container.encode(peakByteCount, forKey: .peakByteCount)
  }
}

extension ModelSummary {
  fileprivate init(
    _ model: TransformerConfiguration, name: String, storedAs type: FloatType, assuming: Assumptions
  ) {
    let parts = model.parts(textTokens: assuming.textTokens)
    let passes = assuming.samplingSteps * assuming.passesPerStep
    let guidance = assuming.passesPerStep == 2 ? " guided" : ""
    let size = "\(model.frames)×\(model.size.height)×\(model.size.width)"
    self.init(
      name: name, kind: "denoiser",
      pass: "one pass over \(size) latents, \(model.frames * model.tokensPerFrame) tokens"
        + (model.hasText ? ", a text of \(assuming.textTokens)" : ""),
      parts: parts, clip: "\(assuming.samplingSteps)\(guidance) steps", clipOperations: passes * parts.cost.operations,
      type: type, weightsByteCount: model.weightByteCount(storedAs: type),
      activationsByteCount: model.activationByteCount(
        itemCount: assuming.passesPerStep, textTokens: assuming.textTokens))
  }

  fileprivate init(
    _ model: AutoencoderConfiguration, name: String, storedAs type: FloatType, assuming: Assumptions
  ) {
    let (frames, factor) = (model.latentFrameCount(ofFrames: assuming.frames), model.spatialFactor)
    let (height, width) = (assuming.height / factor, assuming.width / factor)
    let parts = model.parts(latentFrames: frames, height: height, width: width)
    let size = "\(assuming.frames)×\(assuming.height)×\(assuming.width)"
    let decoder = parts.first { $0.name == "decoder" }
    self.init(
      name: name, kind: "autoencoder", pass: "encoding and decoding \(size) pixels", parts: parts,
      clip: "decoding \(size) pixels", clipOperations: decoder?.cost.operations ?? 0, type: type,
      weightsByteCount: model.decoderWeightByteCount(storedAs: type),
      activationsByteCount: model.decodingByteCount(latentFrames: frames, height: height, width: width))
  }

  fileprivate init(_ model: T5Configuration, name: String, storedAs type: FloatType, assuming: Assumptions) {
    let parts = model.parts(tokens: assuming.textTokens)
    self.init(
      name: name, kind: "text encoder", pass: "a prompt of \(assuming.textTokens) tokens", parts: parts,
      clip: "a prompt", clipOperations: parts.cost.operations, type: type,
      weightsByteCount: model.weightByteCount(storedAs: type),
      activationsByteCount: model.activationByteCount(tokens: assuming.textTokens))
  }
}
