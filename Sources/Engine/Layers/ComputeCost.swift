/// What a computation costs at least: arithmetic, and traffic if every operand is read and every result written once.
package struct ComputeCost: Sendable, Hashable {
  /// Multiplications and additions, two for each multiply-add; those of products only.
  package var operations: Int
  /// Of float32 operands and results.
  package var byteCount: Int

  package init(operations: Int, byteCount: Int) { (self.operations, self.byteCount) = (operations, byteCount) }

  package static let zero = ComputeCost(operations: 0, byteCount: 0)

  package static func + (a: ComputeCost, b: ComputeCost) -> ComputeCost {
    ComputeCost(operations: a.operations + b.operations, byteCount: a.byteCount + b.byteCount)
  }

  package static func * (factor: Int, cost: ComputeCost) -> ComputeCost {
    ComputeCost(operations: factor * cost.operations, byteCount: factor * cost.byteCount)
  }

  /// x [rows, in] · Wᵀ → [rows, out].
  package static func linear(rows: Int, in inputs: Int, out outputs: Int) -> ComputeCost {
    ComputeCost(
      operations: 2 * rows * inputs * outputs, byteCount: 4 * (rows * (inputs + outputs) + inputs * outputs))
  }

  /// Softmax(q·kᵀ)·v of `queries` rows of `width` (all heads together), each over `keys` of its window; the keys and
  /// values of a window are read once, the logits written and read.
  package static func attention(queries: Int, keys: Int, width: Int, heads: Int, windows: Int) -> ComputeCost {
    ComputeCost(
      operations: 4 * queries * keys * width,
      byteCount: 4 * (2 * queries * width + 2 * windows * keys * width + 2 * queries * keys * heads))
  }

  /// A convolution: `taps` products of in → out at each of `positions` outputs, from `inputPositions` inputs.
  package static func convolution(
    positions: Int, inputPositions: Int, taps: Int, in inputs: Int, out outputs: Int
  ) -> ComputeCost {
    ComputeCost(
      operations: 2 * positions * taps * inputs * outputs,
      byteCount: 4 * (inputPositions * inputs + positions * outputs + taps * inputs * outputs))
  }
}
