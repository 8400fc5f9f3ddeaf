import Kernels
import Tensors

/// Records whole operations so that `backward` can differentiate through them in reverse.
///
/// A tape that does not record keeps nothing: sampling uses such a one.
package final class Tape {
  package let device: ComputeDevice
  package let isRecording: Bool

  package init(device: ComputeDevice, recording: Bool) {
    self.device = device
    isRecording = recording
  }

  /// A value that needs no gradient.
  package func constant(_ value: Tensor) -> Variable { Variable(value: value, node: nil) }

  /// A leaf whose gradient `gradient(of:)` gives after `backward`.
  package func leaf(_ value: Tensor) -> Variable { fatalError("pending") }

  /// A parameter as an operand of a general operation.
  package func read(_ parameter: Parameter) -> Variable { fatalError("pending") }

  /// Differentiates the scalar `loss` with respect to every leaf and parameter that it depends on.
  package func backward(from loss: Variable) { fatalError("pending") }

  /// The gradient of the last `backward`, or nil if the loss does not depend on it.
  package func gradient(of parameter: Parameter) -> Tensor? { fatalError("pending") }
  package func gradient(of leaf: Variable) -> Tensor? { fatalError("pending") }
}
