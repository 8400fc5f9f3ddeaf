import Autograd
import Layers
import Tensors

/// A 3-D convolution that sees no later frame (model.md section 2).
struct CausalConvolution {
  private let weight: Parameter
  private let bias: Parameter
  private let stride: (t: Int, h: Int, w: Int)
  private let padding: ConvolutionPast

  /// The weights `NAME.weight` [out, in, kt, kh, kw] and `NAME.bias` [out].
  init(
    _ store: ParameterStore, _ name: String, stride: (t: Int, h: Int, w: Int) = (1, 1, 1),
    padding: AutoencoderConfiguration.TimePadding
  ) {
    weight = store["\(name).weight"]
    bias = store["\(name).bias"]
    self.stride = stride
    self.padding = padding == .zero ? .zeros : .firstFrame
  }

  static func specifications(
    _ name: String, in inputs: Int, out outputs: Int, kernel: [Int] = [3, 3, 3]
  ) -> [ParameterSpecification] {
    [
      ParameterSpecification("\(name).weight", [outputs, inputs] + kernel, .heUniform),
      ParameterSpecification("\(name).bias", [outputs], .zeros),
    ]
  }

  /// x [B, F, H, W, in] → [B, F', H', W', out].
  func callAsFunction(_ x: Variable, on tape: Tape, stream: ConvolutionStream?) -> Variable {
    let past = stream?.past(of: weight.name, padding: padding) ?? padding
    stream?.keep(weight.shape[2] - stride.t, of: x.value, past: past, for: weight.name)
    return tape.conv3d(x, weight: weight, bias: bias, stride: stride, past: past)
  }

  /// The next frame x [H, W, in] of a stream → [H, W, out].
  ///
  /// - Precondition: the stride is 1.
  func callAsFunction(_ x: Tensor, in stream: FrameStream) -> Tensor {
    stream.tape.convolve(
      frames: stream.frames(endingWith: x, count: weight.shape[2], of: weight.name, padding: padding), weight: weight,
      bias: bias, bandByteCount: stream.bandByteCount)
  }

  /// The same, then depth to space in blocks of (timeFactor, 2, 2): the frames [2H, 2W, out/(4·timeFactor)] that the
  /// frame x becomes; of a stream's first frame the last one only.
  func upsampled(_ x: Tensor, timeFactor: Int, in stream: FrameStream) -> [Tensor] {
    let isFirst = stream.isFirst(weight.name)
    return stream.tape.convolveToSpace(
      frames: stream.frames(endingWith: x, count: weight.shape[2], of: weight.name, padding: padding), weight: weight,
      bias: bias, timeFactor: timeFactor, droppingFirst: isFirst ? timeFactor - 1 : 0,
      bandByteCount: stream.bandByteCount)
  }
}
