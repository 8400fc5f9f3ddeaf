import Diffusion
import Foundation
import Tensors
import VideoAutoencoder
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
    let (rows, ranges) = try texts(file, golden)
    let given = try file.optional(golden, "z_cond")
    let low = try file.optional(golden, "lr")
    let givenCount = try arguments.optionalInteger("n_cond", in: 0...1000) ?? 0
    let sampling = StageSampling(
      stepCount: try arguments.integer("steps", in: 1...1000),
      guidance: .constant(try arguments.number("guidance", in: 0...1000)),
      eta: try arguments.optionalNumber("eta", in: 0...1) ?? 0,
      augmentationTimestep: try arguments.optionalInteger("k_sr", in: -1...999) ?? -1)
    let items = try (0..<max(1, ranges.count)).map { index in
      StageItem(
        noise: NoiseKey(
          seed: try golden.seed(), stage: try arguments.integer("stage", in: 0...2),
          chunk: try arguments.integer("chunk", in: 0...1000),
          item: try arguments.integer("item", in: 0...1_000_000) + index),
        sampling: sampling, isImage: model.configuration.frames == 1,
        text: rows.map { $0.rows(ranges[index]) }, lowResolution: low?[index],
        givenFrames: givenCount > 0 ? given?[index].rows(0..<givenCount) : nil)
    }
    return try StageSampler(
      denoiser: model, schedule: NoiseSchedule(), items: items,
      dropsGivenFrames: try arguments.optionalBool("cfg_drop_fp") ?? true, on: device)
  }

  /// A whole model folder from token ids to bytes.
  func recomputeCascade(_ file: FixtureFile) throws -> Recomputed {
    let folder = fixtures.appending(path: try file.details.string("model_dir"))
    let cascade = Cascade(model: try VideoModel(folder: folder), device: device)
    var result = Recomputed()
    for golden in file.cases {
      let text = try cascade.encode(tokens: [file.integers(golden, "ids")])[0]
      result.add(golden, "text", text)
      let chunks = try golden.arguments.integer("chunks", in: 1...1000)
      let frameCount = try golden.arguments.bool("image") ? 1 : ChunkLayout.frameCount(chunkCount: chunks)
      let clip = Clip(
        prompt: "", seed: try golden.seed(), frameCount: frameCount,
        stages: cascade.model.configuration.defaultSampling)
      let firstFrames = try clip.stages.indices.compactMap { try file.optional(golden, "first_stage\($0)")?[0] }
      let made = try cascade.generate(clip, text: (text, nil), firstFrames: firstFrames.isEmpty ? nil : firstFrames)
      for (stage, chunks) in made.latents.enumerated() {
        for (chunk, latents) in chunks.enumerated() {
          result.add(golden, "latent_stage\(stage)_chunk\(chunk)", latents)
        }
      }
      let kept = try golden.arguments.integers(
        "pixel_frames_kept", count: 1...frameCount, in: 0...(frameCount - 1))
      result.add(golden, "pixels_kept", Tensor.concatenating(kept.map { made.pixels.rows($0..<($0 + 1)) }))
      result.add(golden, "bytes", bytes: made.pixels.pixelBytes())
    }
    return result
  }
}
