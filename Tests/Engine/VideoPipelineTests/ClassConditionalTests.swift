import Diffusion
import Foundation
import Kernels
import Layers
import Tensors
import Testing
import VideoTransformer
import Weights

@testable import VideoPipeline

/// Sampling models that take a class, with random weights.
@Suite struct ClassConditionalTests {
  private static func denoiser(frames: Int) throws -> VideoTransformer {
    let configuration = TransformerConfiguration(
      frames: frames, size: .init(4, 4), channels: 4, patch: 1, layers: 2, hidden: 32, heads: 4,
      spatiotemporalWindow: .init(2, 2), classes: 3, hasFramePrediction: frames > 1)
    var document = SafetensorsDocument()
    for (index, specification) in configuration.specifications.enumerated() {
      let draws = NoiseKey(seed: 1, stage: 0, item: index).normals(.training(0), shape: specification.shape)
      document.add(specification.name, draws.map { $0 * 0.1 })
    }
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).safetensors").path
    try document.write(to: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let store = try ParameterStore(
      loading: [SafetensorsFile(path: path)], specifications: configuration.specifications)
    return VideoTransformer(configuration: configuration, store: store)
  }

  private func latents(frames: Int = 5, label: Int?, guidance: Double, isImage: Bool = false) throws -> [Float] {
    let item = StageItem(
      noise: NoiseKey(seed: 5, stage: 0),
      sampling: StageSampling(stepCount: 4, guidance: .constant(guidance)), isImage: isImage, classLabel: label)
    let sampler = try StageSampler(
      denoiser: Self.denoiser(frames: frames), schedule: NoiseSchedule(), items: [item],
      on: ComputeDevice(threadCount: 1))
    while !sampler.isFinished { sampler.step() }
    return sampler.result(0).array
  }

  @Test("each class has its own clip, and a scale of 0 is the null class whatever the class", arguments: [5, 1])
  func classes(frames: Int) throws {
    let isImage = frames == 1
    let first = try latents(frames: frames, label: 0, guidance: 2, isImage: isImage)
    #expect(try latents(frames: frames, label: 2, guidance: 2, isImage: isImage) != first)
    #expect(try latents(frames: frames, label: 0, guidance: 2, isImage: isImage) == first)
    #expect(
      try latents(frames: frames, label: 0, guidance: 0, isImage: isImage)
        == latents(frames: frames, label: 1, guidance: 0, isImage: isImage))
  }

  @Test("a class that the model has not, and none where it needs one, are refused", arguments: [3, -1, nil])
  func refused(label: Int?) {
    let error = #expect(throws: PipelineError.self) { try latents(label: label, guidance: 1) }
    #expect(error?.description.contains("0 to 2") == true)
  }
}
