import Foundation
import Tensors
import VideoPipeline
import Weights

extension FixtureEvaluator {
  /// A whole model folder, from token ids or a class to bytes.
  func recomputeCascade(_ file: FixtureFile) throws -> Recomputed {
    let folder = fixtures.appending(path: try file.details.string("model_dir"))
    let cascade = Cascade(model: try VideoModel(folder: folder), device: device)
    var result = Recomputed()
    for golden in file.cases {
      let text = try encodedText(file, golden, cascade)
      if let text { result.add(golden, "text", text) }
      let clip = try clip(file, golden, cascade)
      let made = try cascade.generate(
        clip, text: text.map { ($0, nil) }, firstFrames: try firstFrames(file, golden, clip, cascade))
      for (stage, chunks) in made.latents.enumerated() {
        for (chunk, latents) in chunks.enumerated() {
          result.add(golden, "latent_stage\(stage)_chunk\(chunk)", latents)
        }
      }
      let every = 0...(made.pixels.shape[0] - 1)
      let kept =
        try golden.arguments.has("pixel_frames_kept")
        ? golden.arguments.integers("pixel_frames_kept", count: 1...every.count, in: every) : Array(every)
      result.add(golden, "pixels_kept", Tensor.concatenating(kept.map { made.pixels.rows($0..<($0 + 1)) }))
      result.add(golden, "bytes", bytes: made.pixels.pixelBytes())
    }
    return result
  }

  private func clip(_ file: FixtureFile, _ golden: FixtureCase, _ cascade: Cascade) throws -> Clip {
    let chunkCount = try golden.arguments.optionalInteger("chunks", in: 1...1000) ?? 1
    let isImage = try golden.arguments.optionalBool("image") ?? false
    return Clip(
      prompt: "", classLabel: try file.optionalIntegers(golden, "cls")?.first, seed: try golden.seed(),
      item: try golden.arguments.optionalInteger("item", in: 0...1_000_000) ?? 0,
      frameCount: isImage ? 1 : try cascade.layout(stage: 0).frameCount(chunkCount: chunkCount),
      stages: cascade.model.configuration.defaultSampling)
  }

  private func encodedText(_ file: FixtureFile, _ golden: FixtureCase, _ cascade: Cascade) throws -> Tensor? {
    guard let ids = try file.optionalIntegers(golden, "ids") else { return nil }
    let vocabulary = try cascade.model.loadedTextEncoder().configuration.vocabularySize
    return try cascade.encode(tokens: [file.checked(ids, of: golden, vocabulary: vocabulary)])[0]
  }

  /// The given first frame [1, H, W, 3] at the size of each stage; nil for none.
  private func firstFrames(
    _ file: FixtureFile, _ golden: FixtureCase, _ clip: Clip, _ cascade: Cascade
  ) throws -> [Tensor]? {
    guard file.has(golden, "first_stage0") else { return nil }
    return try clip.stages.indices.map { stage in
      let size = try cascade.pixelSize(stage: stage)
      return try file.input(golden, "first_stage\(stage)", shape: [1, 1, size.height, size.width, 3])[0]
    }
  }
}
