import Autograd
import Layers
import Tensors

/// Tells clips from their reconstructions, patch by patch (`model.md` section 9: a 3-D discriminator in the manner of
/// StyleGAN's): residual blocks of 3 × 3 × 3 convolutions with leaky ReLU, each halving the picture, the later ones time
/// as well.
///
/// A patch's score is above 0 for what it takes as real. It belongs to training alone and is in no model folder.
final class Discriminator {
  private let store: ParameterStore
  private static let strides: [(t: Int, h: Int, w: Int)] = [(1, 2, 2), (2, 2, 2), (2, 2, 2)]
  private static let slope: Float = 0.2

  /// - Parameter channels: of the finest level; each halving doubles them, up to eight times as many.
  init(channels: Int, seed: UInt64) {
    store = ParameterStore(initializing: Self.specifications(channels: channels), seed: seed)
  }

  var parameters: [Parameter] { store.parameters }

  private static func specifications(channels: Int) -> [ParameterSpecification] {
    func convolution(_ name: String, _ inputs: Int, _ outputs: Int, kernel: Int) -> [ParameterSpecification] {
      [
        ParameterSpecification(
          "discriminator.\(name).weight", [outputs, inputs, kernel, kernel, kernel], .heUniform),
        ParameterSpecification("discriminator.\(name).bias", [outputs], .zeros),
      ]
    }
    let widths = (0...strides.count).map { min(8, 1 << $0) * channels }
    return convolution("conv_in", 3, widths[0], kernel: 3)
      + strides.indices.flatMap { level in
        convolution("blocks.\(level).conv1", widths[level], widths[level], kernel: 3)
          + convolution("blocks.\(level).conv2", widths[level], widths[level + 1], kernel: 3)
          + convolution("blocks.\(level).skip", widths[level], widths[level + 1], kernel: 1)
      } + convolution("conv_out", widths[strides.count], 1, kernel: 3)
  }

  /// Scores of pixels [B, T, H, W, 3] → [B, T', H/8, W/8, 1].
  ///
  /// - Parameter isFrozen: whether its own weights are to get no gradient, as where another model is to please it.
  func callAsFunction(_ pixels: Variable, isFrozen: Bool, on tape: Tape) -> Variable {
    for parameter in parameters { parameter.isTrainable = !isFrozen }
    defer { for parameter in parameters { parameter.isTrainable = true } }
    func convolve(_ name: String, _ x: Variable, stride: (t: Int, h: Int, w: Int) = (1, 1, 1)) -> Variable {
      tape.conv3d(
        x, weight: store["discriminator.\(name).weight"], bias: store["discriminator.\(name).bias"], stride: stride,
        past: .firstFrame)
    }
    var x = tape.leakyReLU(convolve("conv_in", pixels), slope: Self.slope)
    for (level, stride) in Self.strides.enumerated() {
      let inner = tape.leakyReLU(convolve("blocks.\(level).conv1", x), slope: Self.slope)
      let outer = tape.leakyReLU(convolve("blocks.\(level).conv2", inner, stride: stride), slope: Self.slope)
      let skip = convolve("blocks.\(level).skip", x, stride: stride)
      x = tape.scale(tape.add(outer, skip), by: Float(0.5).squareRoot())
    }
    return convolve("conv_out", x)
  }
}
