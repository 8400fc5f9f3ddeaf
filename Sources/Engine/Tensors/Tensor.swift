/// A dense, row-major float32 array with its shape, outermost axis first.
///
/// A tensor owns (shares) its memory; kernels borrow it through `pointer` for the length of a call. Values are not
/// changed once a tensor has been handed on: operations return new ones.
package struct Tensor: Sendable {
  package let shape: [Int]
  package let storage: TensorStorage
  private let offset: Int

  private init(storage: TensorStorage, offset: Int, shape: [Int]) {
    self.storage = storage
    self.offset = offset
    self.shape = shape
  }

  /// Memory for `shape`, its values not yet set; for kernels, which set them all.
  ///
  /// - Parameter isLasting: see `TensorStorage`.
  package init(uninitialized shape: [Int], isLasting: Bool = false) {
    let storage = TensorStorage(uninitializedCount: shape.reduce(1, *), isLasting: isLasting)
    self.init(storage: storage, offset: 0, shape: shape)
  }

  package init(repeating value: Float, shape: [Int]) {
    self.init(uninitialized: shape)
    pointer.update(repeating: value, count: count)
  }

  package init(zeros shape: [Int]) { self.init(repeating: 0, shape: shape) }

  /// - Precondition: `values` has as many elements as `shape` names.
  package init(_ values: some Collection<Float>, shape: [Int]) {
    self.init(uninitialized: shape)
    precondition(values.count == count, "\(values.count) values for shape \(shape), which holds \(count)")
    _ = UnsafeMutableBufferPointer(start: pointer, count: count).initialize(from: values)
  }

  package init(scalar value: Float) { self.init(repeating: value, shape: []) }

  /// The number of elements.
  package var count: Int { shape.reduce(1, *) }

  /// The first element; valid while this tensor (or one that shares its storage) is alive.
  package var pointer: UnsafeMutablePointer<Float> { storage.pointer + offset }

  package var values: UnsafeBufferPointer<Float> { UnsafeBufferPointer(start: pointer, count: count) }

  package var array: [Float] { withExtendedLifetime(storage) { Array(values) } }

  /// The only element of a one-element tensor.
  package var scalar: Float {
    precondition(count == 1, "a tensor of shape \(shape) is not a scalar")
    return pointer[0]
  }

  /// The same values under another shape; shares the memory.
  package func reshaped(_ newShape: [Int]) -> Tensor {
    precondition(newShape.reduce(1, *) == count, "cannot reshape \(shape) to \(newShape)")
    return Tensor(storage: storage, offset: offset, shape: newShape)
  }

  /// Entries `range` of the outermost axis; shares the memory.
  package func rows(_ range: Range<Int>) -> Tensor {
    precondition(!shape.isEmpty && range.upperBound <= shape[0], "rows \(range) of shape \(shape)")
    let rowCount = shape.dropFirst().reduce(1, *)
    return Tensor(
      storage: storage, offset: offset + range.lowerBound * rowCount, shape: [range.count] + shape.dropFirst())
  }

  /// Entry `index` of the outermost axis, that axis removed; shares the memory.
  package subscript(index: Int) -> Tensor {
    let row = rows(index..<(index + 1))
    return row.reshaped(Array(shape.dropFirst()))
  }

  /// A tensor with the same values in memory of its own.
  package func copy() -> Tensor {
    let result = Tensor(uninitialized: shape)
    withExtendedLifetime(storage) { result.pointer.update(from: pointer, count: count) }
    return result
  }

  /// Applies `transform` to every element; for small tensors and tests, kernels do the heavy work.
  package func map(_ transform: (Float) -> Float) -> Tensor {
    let result = Tensor(uninitialized: shape)
    withExtendedLifetime(storage) {
      for index in 0..<count { result.pointer[index] = transform(pointer[index]) }
    }
    return result
  }

  /// Joins tensors of equal inner shape along the outermost axis.
  package static func concatenating(_ parts: [Tensor]) -> Tensor {
    precondition(!parts.isEmpty, "nothing to concatenate")
    let inner = Array(parts[0].shape.dropFirst())
    let result = Tensor(uninitialized: [parts.reduce(0) { $0 + $1.shape[0] }] + inner)
    var position = result.pointer
    for part in parts {
      precondition(Array(part.shape.dropFirst()) == inner, "cannot join \(part.shape) to \(parts[0].shape)")
      withExtendedLifetime(part.storage) { position.update(from: part.pointer, count: part.count) }
      position += part.count
    }
    return result
  }
}
