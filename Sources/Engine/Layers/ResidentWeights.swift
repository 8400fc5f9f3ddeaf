import Autograd
import Tensors

extension [ParameterSpecification] {
  /// Bytes that a loaded model's weights take once every layer has packed its own: matrices in panels of 32 columns as
  /// `Parameter.packedType` says, everything else in float32.
  ///
  /// - Parameters:
  ///   - type: what the weights are stored as.
  ///   - isTable: whether a weight is looked up and not multiplied by.
  package func residentByteCount(
    storedAs type: FloatType, isTable: (_ weight: String) -> Bool = { _ in false }
  ) -> Int {
    reduce(0) { sum, specification in
      guard specification.shape.count > 1, !isTable(specification.name) else { return sum + 4 * specification.count }
      let columns = specification.shape[0]
      let packed = (columns + 31) / 32 * 32 * (specification.count / Swift.max(1, columns))
      return sum + packed * Parameter.packedType(count: specification.count, stored: type).byteCount
    }
  }
}
