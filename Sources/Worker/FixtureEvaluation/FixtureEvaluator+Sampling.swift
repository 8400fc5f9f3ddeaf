import Diffusion
import Foundation
import Tensors
import VideoPipeline
import VideoTransformer
import Weights

extension FixtureEvaluator {
  /// One stage sampled, with every state and guided velocity on the way.
  func recomputeSampling(_ file: FixtureFile) throws -> Recomputed {
    let model = try denoiser(file, file.configuration())
    var result = Recomputed()
    for golden in file.cases {
      let sampler = try sampler(file, golden, model)
      var (states, velocities): ([Tensor], [Tensor]) = ([], [])
      while !sampler.isFinished {
        sampler.step()
        states += (0..<sampler.clipCount).map { sampler.state($0).x }
        velocities += (0..<sampler.clipCount).compactMap { sampler.velocity($0) }
      }
      result.add(golden, "x", Tensor.concatenating((0..<sampler.clipCount).map { sampler.result($0) }))
      result.add(golden, "trace_x", Tensor.concatenating(states))
      result.add(golden, "trace_v", Tensor.concatenating(velocities))
    }
    return result
  }

  private func sampler(_ file: FixtureFile, _ golden: FixtureCase, _ model: VideoTransformer) throws -> StageSampler {
    let arguments = golden.arguments
    let (size, channels) = (model.configuration.size, model.configuration.channels)
    let texts = try FixtureTexts(file, golden, model.configuration)
    let classes = try file.optionalIntegers(golden, "cls")
    let low = try file.optional(golden, "lr", shape: [nil, nil, nil, nil, model.configuration.lowResolutionChannels])
    let given = try file.optional(golden, "z_cond", shape: [nil, nil, size.height, size.width, channels])
    let givenCount = try arguments.optionalInteger("n_cond", in: 0...(given?.shape[1] ?? 0)) ?? 0
    let counts = Set([texts.rows == nil ? nil : texts.ranges.count, classes?.count, low?.shape[0], given?.shape[0]])
      .compactMap { $0 }
    guard counts.count <= 1, counts.first != 0 else {
      throw file.error("the inputs of \(golden.name) are of \(counts.sorted()) clips")
    }
    let sampling = StageSampling(
      stepCount: try arguments.integer("steps", in: 1...1000),
      guidance: .constant(try arguments.number("guidance", in: 0...1000)),
      eta: try arguments.optionalNumber("eta", in: 0...1) ?? 0,
      augmentationTimestep: try arguments.optionalInteger("k_sr", in: -1...999) ?? -1)
    let isImage = try arguments.optionalBool("image") ?? (model.configuration.frames == 1)
    let items = try (0..<(counts.first ?? 1)).map { index in
      StageItem(
        noise: try golden.noise(item: index), sampling: sampling, isImage: isImage, classLabel: classes?[index],
        text: texts.rows.map { $0.rows(texts.ranges[index]) }, lowResolution: low?[index],
        givenFrames: givenCount > 0 ? given?[index].rows(0..<givenCount) : nil)
    }
    return try StageSampler(
      denoiser: model, schedule: NoiseSchedule(), items: items,
      dropsGivenFrames: try arguments.optionalBool("cfg_drop_fp") ?? true, on: device)
  }
}

extension FixtureCase {
  /// Whose noise clip `item` of the case has.
  fileprivate func noise(item: Int) throws -> NoiseKey {
    NoiseKey(
      seed: try seed(), stage: try arguments.optionalInteger("stage", in: 0...2) ?? 0,
      chunk: try arguments.optionalInteger("chunk", in: 0...1000) ?? 0,
      item: try item + (arguments.optionalInteger("item", in: 0...1_000_000) ?? 0))
  }
}
