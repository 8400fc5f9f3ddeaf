import Autograd
import Tensors
import VideoAutoencoder
import Weights

extension FixtureEvaluator {
  /// Latents and pixels, whole and in chunks.
  func recomputeAutoencoder(_ file: FixtureFile) throws -> Recomputed {
    let configuration = try AutoencoderConfiguration(file.configuration())
    let model = VideoAutoencoder(configuration: configuration, store: try file.store(configuration.specifications))
    var result = Recomputed()
    for golden in file.cases where !golden.name.hasPrefix("module_") {
      let sizes =
        golden.arguments.has("sizes")
        ? try golden.arguments.integers("sizes", count: 1...1000, in: 1...1000) : nil
      switch (try file.optional(golden, "x"), try file.optional(golden, "z"), sizes) {
      case (let pixels?, _, nil): encode(pixels, model, golden, &result)
      case (let pixels?, _, let sizes?):
        let stream = VideoAutoencoder.EncodingStream(model, on: device)
        result.add(golden, "z", inChunks(pixels, sizes, stream.encode))
      case (_, let latents?, let sizes): decode(latents, sizes, model, golden, &result)
      default: continue
      }
    }
    return result
  }

  private func encode(_ pixels: Tensor, _ model: VideoAutoencoder, _ golden: FixtureCase, _ result: inout Recomputed) {
    let tape = Tape(device: device, recording: false)
    let moments = model.moments(model.encode(tape.constant(pixels), on: tape).value)
    result.add(golden, "z", model.normalize(moments.mean))
    result.add(golden, "mean", moments.mean)
    if let logVariance = moments.logVariance { result.add(golden, "logvar", logVariance) }
    let firstChunk = 1 + model.configuration.temporalFactor
    if pixels.shape[1] >= firstChunk, pixels.shape[1] > 1 {
      result.add(golden, "z_first5", model.encode(pixels.frames(0..<firstChunk), on: device))
    }
  }

  private func decode(
    _ latents: Tensor, _ sizes: [Int]?, _ model: VideoAutoencoder, _ golden: FixtureCase, _ result: inout Recomputed
  ) {
    let stream = VideoAutoencoder.DecodingStream(model, on: device)
    let pixels = sizes.map { inChunks(latents, $0, stream.decode) } ?? model.decode(latents, on: device)
    let frameCount = pixels.shape[1]
    result.add(golden, "x", pixels)
    result.add(golden, "x_last4", pixels.frames(max(0, frameCount - 4)..<frameCount))
    result.add(golden, "bytes", bytes: pixels.frames((frameCount - 1)..<frameCount).pixelBytes())
  }

  /// Feeds [B, F, …] to `body` in pieces of `sizes` frames and joins what comes out.
  private func inChunks(_ input: Tensor, _ sizes: [Int], _ body: (Tensor) -> Tensor) -> Tensor {
    var start = 0
    let parts = sizes.map { size -> Tensor in
      defer { start += size }
      return body(input.frames(start..<(start + size)))
    }
    let items = (0..<input.shape[0]).map { item in Tensor.concatenating(parts.map { $0[item] }) }
    return Tensor.concatenating(items.map { $0.reshaped([1] + $0.shape) })
  }
}

extension Tensor {
  /// Frames `range` of [B, F, …].
  fileprivate func frames(_ range: Range<Int>) -> Tensor {
    Tensor.concatenating((0..<shape[0]).map { self[$0].rows(range) })
      .reshaped([shape[0], range.count] + shape.dropFirst(2))
  }
}
