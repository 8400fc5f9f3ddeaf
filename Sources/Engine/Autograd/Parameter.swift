import Tensors

/// A named weight of a model, which training changes in place.
package final class Parameter {
  /// The name in the weights file (`model.md` section 10).
  package let name: String
  package var value: Tensor
  /// Whether a recording tape collects its gradient.
  package var isTrainable = true

  package init(name: String, value: Tensor) {
    self.name = name
    self.value = value
  }

  package var shape: [Int] { value.shape }
}
