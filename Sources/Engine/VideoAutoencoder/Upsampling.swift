import Autograd
import Layers
import Tensors

/// Doubles space, and time where asked: a convolution to 4·b times the channels, then depth to space.
struct Upsampling {
  private let convolution: CausalConvolution
  private let timeFactor: Int

  init(_ store: ParameterStore, _ name: String, timeFactor: Int, padding: AutoencoderConfiguration.TimePadding) {
    convolution = CausalConvolution(store, name, padding: padding)
    self.timeFactor = timeFactor
  }

  static func specifications(_ name: String, channels: Int, timeFactor: Int) -> [ParameterSpecification] {
    CausalConvolution.specifications(name, in: channels, out: channels * 4 * timeFactor)
  }

  /// x [B, F, H, W, C] → [B, b·F − (b − 1), 2H, 2W, C]; a stream's later chunks give all b·F frames.
  func callAsFunction(_ x: Variable, on tape: Tape, stream: ConvolutionStream?) -> Variable {
    let isFirstChunk = stream?.isFirstChunk ?? true
    return tape.depthToSpace(
      convolution(x, on: tape, stream: stream), block: (timeFactor, 2, 2),
      droppingFirst: isFirstChunk ? timeFactor - 1 : 0)
  }

  /// The next frame x [H, W, C] of a stream → b frames [2H, 2W, C], of the first only the last.
  func callAsFunction(_ x: Tensor, in stream: FrameStream) -> [Tensor] {
    convolution.upsampled(x, timeFactor: timeFactor, in: stream)
  }
}
