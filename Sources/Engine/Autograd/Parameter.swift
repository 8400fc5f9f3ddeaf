import Kernels
import Tensors
import Weights

/// A named weight of a model, which training changes in place.
///
/// A weight that was loaded stays in its file, as it is stored, until someone reads its value or a product packs it.
/// Keeps the layouts that products want until the value changes, so that sampling packs every weight once, and then
/// holds nothing else of it.
package final class Parameter {
  /// The name in the weights file (`model.md` section 10).
  package let name: String
  package let shape: [Int]
  /// Whether a recording tape collects its gradient.
  package var isTrainable = true

  private enum Contents {
    case stored(StoredTensor)
    case value(Tensor)
  }

  private var contents: Contents
  private var packedForward: PackedMatrix?
  private var packedBackward: PackedMatrix?

  package init(name: String, value: Tensor) {
    self.name = name
    shape = value.shape
    contents = .value(value)
  }

  /// A weight whose value is read when it is first needed.
  package init(name: String, stored: StoredTensor) {
    self.name = name
    shape = stored.shape
    contents = .stored(stored)
  }

  /// The value in float32, kept from the first reading on.
  ///
  /// - Precondition: a new value has the same shape.
  package var value: Tensor {
    get {
      switch contents {
      case .value(let value): return value
      case .stored(let stored):
        let value = stored.widened()
        contents = .value(value)
        return value
      }
    }
    set {
      precondition(newValue.shape == shape, "\(name) is \(shape), its new value \(newValue.shape)")
      contents = .value(newValue)
      forgetPacked()
    }
  }

  /// The number of elements.
  package var count: Int { shape.reduce(1, *) }

  /// Changes the value's elements in place, as an optimiser does; the tensor must not be shared.
  package func mutate(_ body: (Tensor) -> Void) {
    body(value)
    forgetPacked()
  }

  /// The value packed by `pack` for the forward product, kept until it changes. A weight that is still in its file is
  /// packed from there, slice after slice, in the type that `packedType` says.
  ///
  /// - Parameter depthOffsets: the order in which `pack` takes the elements of a row; nil: as they stand.
  func packed(
    on device: ComputeDevice, depthOffsets: @autoclosure () -> [Int64]? = nil, _ pack: (Tensor) -> PackedMatrix
  ) -> PackedMatrix {
    if let packedForward { return packedForward }
    let result: PackedMatrix
    switch contents {
    case .value(let value): result = pack(value)
    case .stored(let stored):
      result = device.packTransposed(
        rowCount: shape[0], depth: count / shape[0], depthOffsets: depthOffsets(),
        as: Self.packedType(count: count, stored: stored.type), slice: stored.widened(rows:))
    }
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

  /// What a matrix of `count` elements is packed as when its file holds it as `stored`.
  ///
  /// Matrices of a million elements and more stay as they are, which halves the memory of those models where it
  /// matters; smaller ones are widened once, since small models are where widening a panel in every product would show.
  package static func packedType(count: Int, stored: FloatType) -> FloatType {
    count >= 1 << 20 ? stored : .float32
  }

  private func forgetPacked() {
    packedForward = nil
    packedBackward = nil
  }
}
