import Autograd
import Layers
import Tensors

/// Latents to video: the encoder's levels in reverse, each but the finest followed by an up-sampling.
struct Decoder {
  private struct Level {
    let blocks: [ResidualBlock]
    let up: Upsampling?
  }

  private let convIn: CausalConvolution
  private let middle: [ResidualBlock]
  /// Coarsest first.
  private let levels: [Level]
  private let normOut: GroupNormSiLU
  private let convOut: CausalConvolution

  init(_ store: ParameterStore, _ model: AutoencoderConfiguration) {
    convIn = CausalConvolution(store, "decoder.conv_in", padding: model.timePadding)
    middle = (0..<model.middleBlocks).map {
      ResidualBlock(store, "decoder.mid.\($0)", in: model.deepestChannels, out: model.deepestChannels, model)
    }
    levels = (0..<model.levels).reversed().map { level in
      let up =
        level == 0
        ? nil
        : Upsampling(
          store, "decoder.levels.\(level).up", timeFactor: model.timeFactor(above: level), padding: model.timePadding)
      return Level(
        blocks: Self.blocks(model, level).map { ResidualBlock(store, $0.name, in: $0.inputs, out: $0.outputs, model) },
        up: up)
    }
    normOut = GroupNormSiLU(store, "decoder.norm_out", groups: model.groups)
    convOut = CausalConvolution(store, "decoder.conv_out", padding: model.timePadding)
  }

  static func specifications(_ model: AutoencoderConfiguration) -> [ParameterSpecification] {
    var result = CausalConvolution.specifications(
      "decoder.conv_in", in: model.latentChannels, out: model.deepestChannels)
    for index in 0..<model.middleBlocks {
      result += ResidualBlock.specifications(
        "decoder.mid.\(index)", in: model.deepestChannels, out: model.deepestChannels)
    }
    for level in (0..<model.levels).reversed() {
      result += blocks(model, level).flatMap {
        ResidualBlock.specifications($0.name, in: $0.inputs, out: $0.outputs)
      }
      guard level > 0 else { continue }
      result += Upsampling.specifications(
        "decoder.levels.\(level).up", channels: model.channels(level), timeFactor: model.timeFactor(above: level))
    }
    return result
      + GroupNormSiLU.specifications("decoder.norm_out", channels: model.channels(0))
      + CausalConvolution.specifications("decoder.conv_out", in: model.channels(0), out: model.pixelChannels)
  }

  /// The residual blocks of a level; the first takes the channels of the level below.
  private static func blocks(
    _ model: AutoencoderConfiguration, _ level: Int
  ) -> [(name: String, inputs: Int, outputs: Int)] {
    (0..<model.residualBlocks).map { index in
      let inputs = model.channels(index == 0 ? min(model.levels - 1, level + 1) : level)
      return ("decoder.levels.\(level).blocks.\(index)", inputs, model.channels(level))
    }
  }

  /// z [B, 1 + t, h, w, c] → [B, 1 + T, H, W, 3].
  func callAsFunction(_ z: Variable, on tape: Tape, stream: ConvolutionStream?) -> Variable {
    var x = convIn(z, on: tape, stream: stream)
    for block in middle { x = block(x, on: tape, stream: stream) }
    for level in levels {
      for block in level.blocks { x = block(x, on: tape, stream: stream) }
      if let up = level.up { x = up(x, on: tape, stream: stream) }
    }
    return convOut(normOut(x, on: tape), on: tape, stream: stream)
  }

  /// The next latent frame z [h, w, c] of a stream; `finished` gets each frame [H, W, 3] that it becomes.
  ///
  /// A frame climbs to the finest level before the next one of its level begins, so that every level holds one frame
  /// beside those that its convolutions remember.
  func callAsFunction(_ z: Tensor, in stream: FrameStream, finished: (Tensor) -> Void) {
    let x = middle.reduce(convIn(z, in: stream)) { $1($0, in: stream) }
    climb(x, from: 0, in: stream, finished)
  }

  /// - Parameter level: an index into `levels`.
  private func climb(_ x: Tensor, from level: Int, in stream: FrameStream, _ finished: (Tensor) -> Void) {
    let x = levels[level].blocks.reduce(x) { $1($0, in: stream) }
    guard let up = levels[level].up else { return finished(convOut(normOut(x, in: stream), in: stream)) }
    for frame in up(x, in: stream) { climb(frame, from: level + 1, in: stream, finished) }
  }
}

extension AutoencoderConfiguration {
  /// How many frames one frame of `level` becomes one level further up.
  fileprivate func timeFactor(above level: Int) -> Int { temporalDown[level - 1] ? 2 : 1 }
}
