import Autograd
import Layers

/// Video to latents: levels of residual blocks, each but the last followed by a strided convolution.
struct Encoder {
  private struct Level {
    let blocks: [ResidualBlock]
    let down: CausalConvolution?
  }

  private let convIn: CausalConvolution
  private let levels: [Level]
  private let middle: [ResidualBlock]
  private let normOut: GroupNormSiLU
  private let convOut: CausalConvolution

  init(_ store: ParameterStore, _ model: AutoencoderConfiguration) {
    convIn = CausalConvolution(store, "encoder.conv_in", padding: model.timePadding)
    levels = (0..<model.levels).map { level in
      let down =
        level == model.levels - 1
        ? nil
        : CausalConvolution(
          store, "encoder.levels.\(level).down", stride: (model.temporalDown[level] ? 2 : 1, 2, 2),
          padding: model.timePadding)
      return Level(
        blocks: Self.blocks(model, level).map { ResidualBlock(store, $0.name, in: $0.inputs, out: $0.outputs, model) },
        down: down)
    }
    middle = (0..<model.middleBlocks).map {
      ResidualBlock(store, "encoder.mid.\($0)", in: model.deepestChannels, out: model.deepestChannels, model)
    }
    normOut = GroupNormSiLU(store, "encoder.norm_out", groups: model.groups)
    convOut = CausalConvolution(store, "encoder.conv_out", padding: model.timePadding)
  }

  static func specifications(_ model: AutoencoderConfiguration) -> [ParameterSpecification] {
    var result = CausalConvolution.specifications(
      "encoder.conv_in", in: model.pixelChannels, out: model.channels(0))
    for level in 0..<model.levels {
      result += blocks(model, level).flatMap {
        ResidualBlock.specifications($0.name, in: $0.inputs, out: $0.outputs)
      }
      guard level < model.levels - 1 else { continue }
      result += CausalConvolution.specifications(
        "encoder.levels.\(level).down", in: model.channels(level), out: model.channels(level),
        kernel: [model.temporalDown[level] ? 3 : 1, 3, 3])
    }
    for index in 0..<model.middleBlocks {
      result += ResidualBlock.specifications(
        "encoder.mid.\(index)", in: model.deepestChannels, out: model.deepestChannels)
    }
    return result
      + GroupNormSiLU.specifications("encoder.norm_out", channels: model.deepestChannels)
      + CausalConvolution.specifications(
        "encoder.conv_out", in: model.deepestChannels, out: (model.isVariational ? 2 : 1) * model.latentChannels,
        kernel: [1, 1, 1])
  }

  /// The residual blocks of a level; the first takes the channels of the level above.
  private static func blocks(
    _ model: AutoencoderConfiguration, _ level: Int
  ) -> [(name: String, inputs: Int, outputs: Int)] {
    (0..<model.residualBlocks).map { index in
      let inputs = model.channels(index == 0 ? max(0, level - 1) : level)
      return ("encoder.levels.\(level).blocks.\(index)", inputs, model.channels(level))
    }
  }

  /// x [B, 1 + T, H, W, 3] → [B, 1 + t, h, w, c], or 2c channels: mean, then log variance.
  func callAsFunction(_ x: Variable, on tape: Tape, stream: ConvolutionStream?) -> Variable {
    var x = convIn(x, on: tape, stream: stream)
    for level in levels {
      for block in level.blocks { x = block(x, on: tape, stream: stream) }
      if let down = level.down { x = down(x, on: tape, stream: stream) }
    }
    for block in middle { x = block(x, on: tape, stream: stream) }
    return convOut(normOut(x, on: tape), on: tape, stream: stream)
  }
}
