import Kernels
import Tensors

/// A named weight of a model, which training changes in place.
///
/// Keeps the layouts that products want until the value changes, so that sampling packs every weight once.
package final class Parameter {
  /// The name in the weights file (`model.md` section 10).
  package let name: String
  package var value: Tensor {
    didSet { forgetPacked() }
  }
  /// Whether a recording tape collects its gradient.
  package var isTrainable = true

  private var packedForward: PackedMatrix?
  private var packedBackward: PackedMatrix?

  package init(name: String, value: Tensor) {
    self.name = name
    self.value = value
  }

  package var shape: [Int] { value.shape }

  /// Changes the value's elements in place, as an optimiser does; the tensor must not be shared.
  package func mutate(_ body: (Tensor) -> Void) {
    body(value)
    forgetPacked()
  }

  /// The value packed by `pack` for the forward product, kept until it changes.
  func packed(_ pack: (Tensor) -> PackedMatrix) -> PackedMatrix {
    if let packedForward { return packedForward }
    let result = pack(value)
    packedForward = result
    return result
  }

  /// The value packed by `pack` for the product of the backward pass, kept until it changes.
  func packedForGradient(_ pack: (Tensor) -> PackedMatrix) -> PackedMatrix {
    if let packedBackward { return packedBackward }
    let result = pack(value)
    packedBackward = result
    return result
  }

  private func forgetPacked() {
    packedForward = nil
    packedBackward = nil
  }
}
