import Diffusion
import Foundation
import Tensors
import Testing
import Weights

@testable import VideoPipeline

/// The same clip is the same bits, however it is computed.
@Suite struct SamePixelsTests {
  private func text(_ cascade: Cascade, _ ids: [Int] = [7, 21, 40, 1]) throws -> Tensor {
    try cascade.encode(tokens: [ids])[0]
  }

  /// One item of stage 0 or, with noise for the latents of the stage below, of an upsampler.
  private func item(
    _ cascade: Cascade, stage: Int, seed: UInt64, ids: [Int] = [7, 21, 40, 1], guidance: Double = 2, steps: Int = 4,
    eta: Double = 0
  ) throws -> StageItem {
    let key = NoiseKey(seed: seed, stage: stage)
    let model = try cascade.model.denoiser(stage: stage).configuration
    let low = [model.frames, model.size.height / 2, model.size.width / 2, model.channels]
    return StageItem(
      noise: key,
      sampling: StageSampling(stepCount: steps, guidance: .constant(guidance), eta: eta, augmentationTimestep: 80),
      isImage: false, text: try text(cascade, ids),
      lowResolution: model.isUpsampler ? key.normals(.training(0), shape: low) : nil)
  }

  private func run(_ sampler: StageSampler) { while !sampler.isFinished { sampler.step() } }

  @Test("one thread and two give the same latents and pixels")
  func threads() throws {
    let (one, two) = (try Golden.cascade(threads: 1), try Golden.cascade(threads: 2))
    let alone = try one.generate(Golden.clip(one, frameCount: 17), text: (text(one), nil))
    let shared = try two.generate(Golden.clip(two, frameCount: 17), text: (text(two), nil))
    #expect(alone.latents.map { $0.map(\.array) } == shared.latents.map { $0.map(\.array) })
    #expect(alone.pixels.array == shared.pixels.array)
  }

  @Test(
    "clips in a batch end as each does alone, also when they differ in prompt, guidance and steps", arguments: 0..<3)
  func batch(stage: Int) throws {
    let cascade = try Golden.cascade(threads: 2)
    let items = [
      try item(cascade, stage: stage, seed: 1), try item(cascade, stage: stage, seed: 2, ids: [9, 1], guidance: 1),
      try item(cascade, stage: stage, seed: 3, ids: [50, 2, 2, 33, 60, 12, 1], steps: 6, eta: 0.5),
    ]
    let together = try cascade.sampler(stage: stage, items: items)
    run(together)
    for (index, item) in items.enumerated() {
      let alone = try cascade.sampler(stage: stage, items: [item])
      run(alone)
      #expect(alone.result(0).array == together.result(index).array, "clip \(index)")
    }
  }

  @Test("a run saved to a file at any step and resumed ends with the same bits", arguments: 0...4)
  func resume(step: Int) throws {
    let cascade = try Golden.cascade()
    let items = [try item(cascade, stage: 1, seed: 5)]
    let uninterrupted = try cascade.sampler(stage: 1, items: items)
    run(uninterrupted)

    let first = try cascade.sampler(stage: 1, items: items)
    for _ in 0..<step { first.step() }
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try first.state(0).document(metadata: ["stage": "1"]).write(to: path)

    let restored = try SamplerState(SafetensorsFile(path: path))
    #expect(restored.step == step)
    let second = try Golden.cascade(threads: 2).sampler(stage: 1, items: items, states: [restored])
    run(second)
    #expect(second.result(0).array == uninterrupted.result(0).array)
  }

  @Test("dropping one clip of a batch leaves the others as they would be")
  func drop() throws {
    let cascade = try Golden.cascade()
    let items = [try item(cascade, stage: 0, seed: 1), try item(cascade, stage: 0, seed: 2)]
    let batch = try cascade.sampler(stage: 0, items: items)
    batch.step()
    batch.drop(0)
    run(batch)
    let alone = try cascade.sampler(stage: 0, items: [items[1]])
    run(alone)
    #expect(batch.result(1).array == alone.result(0).array)
    #expect(batch.state(0).step == 1)
  }

  @Test("a negative prompt stands in for the null text")
  func negativePrompt() throws {
    let cascade = try Golden.cascade()
    var negative = try item(cascade, stage: 0, seed: 1)
    negative.negativeText = try text(cascade, [11, 1])
    let (with, without) = (
      try cascade.sampler(stage: 0, items: [negative]),
      try cascade.sampler(stage: 0, items: [item(cascade, stage: 0, seed: 1)])
    )
    run(with)
    run(without)
    #expect(with.result(0).array != without.result(0).array)
  }

  @Test("power-cosine guidance makes another clip than a constant scale, the same one each time")
  func powerCosine() throws {
    let cascade = try Golden.cascade()
    let latents = try [Guidance.constant(5), .powerCosine(5), .powerCosine(5)].map { guidance in
      var guided = try item(cascade, stage: 0, seed: 1)
      guided.sampling.guidance = guidance
      let sampler = try cascade.sampler(stage: 0, items: [guided])
      run(sampler)
      return sampler.result(0).array
    }
    #expect(latents[0] != latents[1])
    #expect(latents[1] == latents[2])
  }

  @Test("latents of another size are refused with both shapes")
  func wrongLatents() throws {
    let cascade = try Golden.cascade()
    var wrong = try item(cascade, stage: 1, seed: 1)
    wrong.lowResolution = Tensor(zeros: [5, 3, 3, 4])
    let error = #expect(throws: PipelineError.self) { try cascade.sampler(stage: 1, items: [wrong]) }
    #expect(error?.code == .wrongShape)
    #expect(error?.description.contains("[5, 3, 3, 4], expected [5, 2, 4, 4]") == true)
  }

  @Test("chunks follow from frames: 17, then 12 more each", arguments: [(1, 1), (17, 1), (18, 2), (29, 2), (30, 3)])
  func chunks(frames: Int, expected: Int) {
    #expect(ChunkLayout().chunkCount(frameCount: frames) == expected)
  }
}
