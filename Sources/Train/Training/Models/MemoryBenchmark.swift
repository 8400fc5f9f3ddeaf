import Autograd
import Foundation
import Kernels
import Tensors
import VideoAutoencoder
import VideoTransformer

/// The time and the memory that a model takes in a process of its own, beside what was predicted: a denoiser for guided
/// steps of one clip, an autoencoder for decoding one.
package struct MemoryBenchmark {
  private let folder: String
  private let model: ModelConfiguration
  private let assumptions: ModelSummary.Assumptions
  private let summary: ModelSummary

  /// - Throws: `WeightsError`, and `TrainingError` for a folder without weights, or with a text encoder's.
  package init(folder: String, assuming assumptions: ModelSummary.Assumptions) throws {
    model = try ModelConfiguration(path: folder)
    guard let type = try StoredWeights.type(in: folder) else {
      throw TrainingError(.model, "measure \"\(folder)\": it holds no weights; draw some with `walt-train init`")
    }
    if case .textEncoder = model {
      throw TrainingError(.model, "measure \"\(folder)\": it holds a text encoder; name a denoiser or an autoencoder")
    }
    (self.folder, self.assumptions) = (folder, assumptions)
    summary = ModelSummary(model, name: folder, storedAs: type, assuming: assumptions)
  }

  /// Opens the model and runs it `count` times on random values.
  package func run(count: Int, on device: ComputeDevice) throws -> Report {
    let url = URL(fileURLWithPath: folder)
    switch model {
    case .denoiser(let configuration):
      let pass = try Self.guidedStep(
        VideoTransformer(folder: url), configuration, textTokens: assumptions.textTokens, on: device)
      return try measure(count, operations: 2 * summary.passOperations, pass)
    case .autoencoder(let configuration):
      let decoding = try self.decoding(VideoAutoencoder(folder: url), configuration, on: device)
      return try measure(count, operations: summary.clipOperations, decoding)
    case .textEncoder: preconditionFailure("refused by the initialiser")
    }
  }

  private func measure(_ count: Int, operations: Int, _ body: () -> Void) throws -> Report {
    let seconds = (0..<count).map { _ in
      let begun = ContinuousClock.now
      body()
      return (ContinuousClock.now - begun) / .seconds(1)
    }
    return Report(
      seconds: seconds, operations: operations, peakByteCount: try Self.peakByteCount(),
      predictedByteCount: summary.peakByteCount)
  }

  /// One pass over one clip with its text and without.
  private static func guidedStep(
    _ model: VideoTransformer, _ configuration: TransformerConfiguration, textTokens: Int, on device: ComputeDevice
  ) -> () -> Void {
    let noise = NoiseStream(seed: 1, purpose: .initialNoise)
    let tape = Tape(device: device, recording: false)
    let text = model.prepare(
      texts: configuration.hasText ? noise.normals(shape: [textTokens, configuration.textWidth]) : nil,
      ranges: configuration.hasText ? [0..<textTokens] : [], on: tape)
    let size = configuration.size
    var input = DenoiserInput(
      latents: noise.normals(shape: [2, configuration.frames, size.height, size.width, configuration.channels]),
      conditionOfItem: [
        DenoiserCondition(timestep: 999, text: configuration.hasText ? 0 : nil), DenoiserCondition(timestep: 999),
      ])
    if configuration.isUpsampler {
      input.lowResolution = noise.normals(
        shape: [2, configuration.frames, size.height / 2, size.width / 2, configuration.lowResolutionChannels])
    }
    return { [input] in _ = model(input, text: text, on: tape) }
  }

  /// The decoding of one clip, in bounded memory where it is large.
  private func decoding(
    _ model: VideoAutoencoder, _ configuration: AutoencoderConfiguration, on device: ComputeDevice
  ) -> () -> Void {
    let latents = NoiseStream(seed: 1, purpose: .initialNoise).normals(shape: [
      1, configuration.latentFrameCount(ofFrames: assumptions.frames), assumptions.height / configuration.spatialFactor,
      assumptions.width / configuration.spatialFactor, configuration.latentChannels,
    ])
    return { _ = model.decode(latents, on: device, activationLimit: VideoAutoencoder.activationLimit) }
  }

  /// The most memory that this process has had resident (`VmHWM`).
  private static func peakByteCount() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    guard let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) }) else {
      throw TrainingError(.file, "read /proc/self/status: it has no VmHWM; is /proc mounted?")
    }
    return kibibytes << 10
  }
}

extension MemoryBenchmark {
  package struct Report {
    /// Of each run; weights are read and packed in the first.
    let seconds: [Double]
    /// Of a run.
    let operations: Int
    let peakByteCount: Int
    let predictedByteCount: Int

    package var text: String {
      let times = seconds.map { String(format: "%.2f", $0) }.joined(separator: ", ")
      let speed = String(format: "%.0f", Double(operations) / (seconds.min() ?? 1) / 1e9)
      let ratio = String(format: "%.2f", Double(peakByteCount) / Double(predictedByteCount))
      return """
        seconds: \(times); the best at \(speed) GFLOP/s
        peak resident memory: \(bytes(peakByteCount)), predicted \(bytes(predictedByteCount)): \(ratio)
        """
    }
  }
}
