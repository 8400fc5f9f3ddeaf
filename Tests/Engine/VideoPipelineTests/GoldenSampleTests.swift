import Diffusion
import Foundation
import Kernels
import Layers
import Tensors
import Testing
import VideoTransformer
import Weights

@testable import VideoPipeline

/// Sampling one stage against the golden file `sample`; tolerances are those of its manifest.
@Suite struct GoldenSampleTests {
  private static let configuration = TransformerConfiguration(
    frames: 5, size: .init(4, 4), channels: 4, patch: 1, layers: 4, hidden: 32, heads: 4, feedForward: 48,
    spatialWindow: .init(4, 4), spatiotemporalWindow: .init(2, 2), modulation: .lowRank(2), textWidth: 12)

  private static func denoiser(_ golden: SafetensorsFile) throws -> VideoTransformer {
    let specifications = configuration.specifications
    var document = SafetensorsDocument()
    for specification in specifications {
      document.add(specification.name, try golden.tensor("w/\(specification.name)"))
    }
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).safetensors").path
    try document.write(to: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let store = try ParameterStore(loading: [SafetensorsFile(path: path)], specifications: specifications)
    return VideoTransformer(configuration: configuration, store: store)
  }

  @Test(
    "every state on the way, and the end, are golden",
    arguments: [
      ("base10", 10, 3.0, 0.0, 0, 3.9e-5), ("unguided10", 10, 1.0, 0.0, 0, 2.9e-5),
      ("frame_pred10", 10, 2.0, 0.0, 2, 3.1e-5), ("eta5", 5, 1.5, 1.0, 0, 2.6e-5),
    ] as [(String, Int, Double, Double, Int, Float)])
  func golden(name: String, steps: Int, guidance: Double, eta: Double, given: Int, tolerance: Float) throws {
    let file = try Golden.file("sample")
    let text = try file.tensor("\(name)/in/text")[0]
    let item = StageItem(
      noise: NoiseKey(seed: 3_227_471_425, stage: 0),
      sampling: StageSampling(stepCount: steps, guidance: .constant(guidance), eta: eta), isImage: false, text: text,
      givenFrames: given == 0 ? nil : try file.tensor("\(name)/in/z_cond")[0].rows(0..<given))
    let sampler = try StageSampler(
      denoiser: Self.denoiser(file), schedule: NoiseSchedule(), items: [item], on: ComputeDevice(threadCount: 1))
    let trace = try file.tensor("\(name)/out/trace_x")
    while !sampler.isFinished {
      sampler.step()
      let state = sampler.state(0)
      let largest = zip(state.x.array, trace[state.step - 1][0].array).map { abs($0 - $1) }.max() ?? 0
      #expect(largest <= tolerance, "step \(state.step): largest difference \(largest)")
    }
    try expect(sampler.result(0), is: "\(name)/out/x", of: file, within: tolerance)
  }
}
