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
      if file.has(golden, "x") {
        let pixels = try pixels(file, golden, configuration)
        if let sizes = try sizes(file, golden, frameCount: pixels.shape[1], wholeUnits: configuration.temporalFactor) {
          let stream = VideoAutoencoder.EncodingStream(model, on: device)
          result.add(golden, "z", inChunks(pixels, sizes, stream.encode))
        } else {
          encode(pixels, model, golden, &result)
        }
      } else if file.has(golden, "z") {
        let latents = try file.input(golden, "z", shape: [nil, nil, nil, nil, configuration.latentChannels])
        decode(latents, try sizes(file, golden, frameCount: latents.shape[1]), model, golden, &result)
      }
    }
    return result
  }

  private func pixels(
    _ file: FixtureFile, _ golden: FixtureCase, _ configuration: AutoencoderConfiguration
  ) throws -> Tensor {
    let pixels = try file.input(golden, "x", shape: [nil, nil, nil, nil, configuration.pixelChannels])
    let (time, space) = (configuration.temporalFactor, configuration.spatialFactor)
    guard (pixels.shape[1] - 1) % time == 0, pixels.shape[2] % space == 0, pixels.shape[3] % space == 0 else {
      throw file.error(
        "\(golden.name)/in/x is \(pixels.shape), expected 1 + a multiple of \(time) frames, sides multiples of \(space)",
        code: .wrongShape)
    }
    return pixels
  }

  /// The frames of each chunk; nil where the case names none.
  ///
  /// - Parameter unit: what later chunks must be multiples of, the first one more than a multiple.
  private func sizes(
    _ file: FixtureFile, _ golden: FixtureCase, frameCount: Int, wholeUnits unit: Int = 1
  ) throws -> [Int]? {
    guard golden.arguments.has("sizes") else { return nil }
    let sizes = try golden.arguments.integers("sizes", count: 1...1000, in: 1...1000)
    let areWhole = zip(0..., sizes).allSatisfy { ($1 - ($0 == 0 ? 1 : 0)) % unit == 0 }
    guard areWhole, sizes.reduce(0, +) == frameCount else {
      throw file.error(
        "\(golden.name).args.sizes are \(sizes), expected \(frameCount) frames in all"
          + (unit > 1 ? ", 1 + a multiple of \(unit) first and then multiples of \(unit)" : ""))
    }
    return sizes
  }

  private func encode(_ pixels: Tensor, _ model: VideoAutoencoder, _ golden: FixtureCase, _ result: inout Recomputed) {
    let tape = Tape(device: device, recording: false)
    let moments = model.moments(model.encode(tape.constant(pixels), on: tape).value)
    result.add(golden, "z", model.normalize(moments.mean))
    result.add(golden, "mean", moments.mean)
    if let logVariance = moments.logVariance { result.add(golden, "logvar", logVariance) }
    if pixels.shape[1] >= 5, 4 % model.configuration.temporalFactor == 0 {
      result.add(golden, "z_first5", model.encode(pixels.frames(0..<5), on: device))
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
