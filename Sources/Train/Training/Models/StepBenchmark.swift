import Autograd
import Foundation
import Kernels
import Tensors
import VideoTransformer

/// The time and the memory that a denoiser takes for guided steps of one clip, beside what was predicted.
package struct StepBenchmark {
  private let folder: String
  private let configuration: TransformerConfiguration
  private let textTokens: Int
  private let summary: ModelSummary

  /// - Throws: `WeightsError`, and `TrainingError` for a folder that holds no denoiser with weights.
  package init(folder: String, textTokens: Int) throws {
    guard case .denoiser(let configuration) = try ModelConfiguration(path: folder),
      let type = try StoredWeights.type(in: folder)
    else {
      throw TrainingError(
        .model, "time steps of \"\(folder)\": it holds no denoiser with weights; name the folder of one")
    }
    (self.folder, self.configuration, self.textTokens) = (folder, configuration, textTokens)
    var assumptions = ModelSummary.Assumptions()
    assumptions.textTokens = textTokens
    summary = ModelSummary(.denoiser(configuration), name: folder, storedAs: type, assuming: assumptions)
  }

  package struct Report {
    let loadSeconds: Double
    let stepSeconds: [Double]
    let peakByteCount: Int
    let summary: ModelSummary

    package var text: String {
      let steps = stepSeconds.map { String(format: "%.2f", $0) }.joined(separator: ", ")
      let ratio = String(format: "%.2f", Double(peakByteCount) / Double(summary.peakByteCount))
      let best = Double(2 * summary.passOperations) / (stepSeconds.min() ?? 1) / 1e9
      return """
        opened in \(String(format: "%.2f", loadSeconds)) s; guided steps: \(steps) s, the best at \
        \(String(format: "%.0f", best)) GFLOP/s
        peak resident memory: \(bytes(peakByteCount)), predicted \(bytes(summary.peakByteCount)): \(ratio)
        """
    }
  }

  package func run(steps: Int, on device: ComputeDevice) throws -> Report {
    let clock = ContinuousClock()
    let begun = clock.now
    let model = try VideoTransformer(folder: URL(fileURLWithPath: folder))
    let loadSeconds = (clock.now - begun) / .seconds(1)
    let noise = NoiseStream(seed: 1, purpose: .initialNoise)
    let tape = Tape(device: device, recording: false)
    let text = model.prepare(
      texts: configuration.hasText ? noise.normals(shape: [textTokens, configuration.textWidth]) : nil,
      ranges: configuration.hasText ? [0..<textTokens] : [], on: tape)
    let input = self.input(noise)
    let stepSeconds = (0..<steps).map { _ in
      let begun = clock.now
      _ = model(input, text: text, on: tape)
      return (clock.now - begun) / .seconds(1)
    }
    return Report(
      loadSeconds: loadSeconds, stepSeconds: stepSeconds, peakByteCount: try Self.peakByteCount(), summary: summary)
  }

  /// One clip with its text and without.
  private func input(_ noise: NoiseStream) -> DenoiserInput {
    let size = configuration.size
    let shape = [2, configuration.frames, size.height, size.width, configuration.channels]
    var input = DenoiserInput(
      latents: noise.normals(shape: shape),
      conditionOfItem: [
        DenoiserCondition(timestep: 999, text: configuration.hasText ? 0 : nil), DenoiserCondition(timestep: 999),
      ])
    if configuration.isUpsampler {
      input.lowResolution = noise.normals(
        shape: [2, configuration.frames, size.height / 2, size.width / 2, configuration.lowResolutionChannels])
    }
    return input
  }

  /// The most memory that this process has had resident (`VmHWM`).
  private static func peakByteCount() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    guard let kibibytes = line?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
      throw TrainingError(.file, "read /proc/self/status: it has no VmHWM; is /proc mounted?")
    }
    return kibibytes << 10
  }
}
