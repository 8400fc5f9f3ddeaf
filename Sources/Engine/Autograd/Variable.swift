import Tensors

/// A value that operations of a `Tape` take and return.
package struct Variable {
  package let value: Tensor
  /// The place on the tape that collects the gradient; `nil` if none is wanted.
  let node: Int?

  package var shape: [Int] { value.shape }
}
