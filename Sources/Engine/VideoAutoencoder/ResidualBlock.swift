import Autograd
import Kernels
import Layers
import Tensors

/// skip(x) + conv2(SiLU(norm2(conv1(SiLU(norm1(x)))))).
struct ResidualBlock {
  private let norm1: GroupNormSiLU
  private let conv1: CausalConvolution
  private let norm2: GroupNormSiLU
  private let conv2: CausalConvolution
  /// 1×1×1, where the number of channels changes.
  private let skip: CausalConvolution?

  init(_ store: ParameterStore, _ name: String, in inputs: Int, out outputs: Int, _ model: AutoencoderConfiguration) {
    norm1 = GroupNormSiLU(store, "\(name).norm1", groups: model.groups)
    conv1 = CausalConvolution(store, "\(name).conv1", padding: model.timePadding)
    norm2 = GroupNormSiLU(store, "\(name).norm2", groups: model.groups)
    conv2 = CausalConvolution(store, "\(name).conv2", padding: model.timePadding)
    skip = inputs == outputs ? nil : CausalConvolution(store, "\(name).skip", padding: model.timePadding)
  }

  static func specifications(_ name: String, in inputs: Int, out outputs: Int) -> [ParameterSpecification] {
    GroupNormSiLU.specifications("\(name).norm1", channels: inputs)
      + CausalConvolution.specifications("\(name).conv1", in: inputs, out: outputs)
      + GroupNormSiLU.specifications("\(name).norm2", channels: outputs)
      + CausalConvolution.specifications("\(name).conv2", in: outputs, out: outputs)
      + (inputs == outputs
        ? [] : CausalConvolution.specifications("\(name).skip", in: inputs, out: outputs, kernel: [1, 1, 1]))
  }

  /// x [B, F, H, W, in] → [B, F, H, W, out].
  func callAsFunction(_ x: Variable, on tape: Tape, stream: ConvolutionStream?) -> Variable {
    var h = conv1(norm1(x, on: tape), on: tape, stream: stream)
    h = conv2(norm2(h, on: tape), on: tape, stream: stream)
    let straight = skip.map { $0(x, on: tape, stream: stream) } ?? x
    return tape.add(straight, h)
  }

  /// The next frame x [H, W, in] of a stream → [H, W, out].
  func callAsFunction(_ x: Tensor, in stream: FrameStream) -> Tensor {
    let middle = conv1(norm1(x, in: stream), in: stream)
    let h = conv2(norm2(middle, in: stream), in: stream)
    return stream.tape.device.add(skip.map { $0(x, in: stream) } ?? x, h)
  }
}
