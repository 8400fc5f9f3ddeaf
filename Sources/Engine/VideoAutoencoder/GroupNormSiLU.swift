import Autograd
import Kernels
import Layers
import Tensors

/// Group normalisation of each frame by itself, then SiLU.
struct GroupNormSiLU {
  private let weight: Parameter
  private let bias: Parameter
  private let groups: Int

  /// The weights `NAME.weight`, `NAME.bias` [C].
  init(_ store: ParameterStore, _ name: String, groups: Int) {
    weight = store["\(name).weight"]
    bias = store["\(name).bias"]
    self.groups = groups
  }

  static func specifications(_ name: String, channels: Int) -> [ParameterSpecification] {
    LayerNorm.specifications(name, width: channels)
  }

  func callAsFunction(_ x: Variable, on tape: Tape) -> Variable {
    tape.groupNorm(x, weight: weight, bias: bias, groups: groups, silu: true)
  }

  /// One frame x [H, W, C], by its own statistics.
  func callAsFunction(_ x: Tensor, in stream: FrameStream) -> Tensor {
    stream.tape.device.groupNormSiLU(frame: x, weight: weight.value, bias: bias.value, groups: groups)
  }
}
