import Tensors

/// Rows and columns taken from tables and joined.
extension Tape {
  /// Rows `indices` of `table` [n, d] → [indices.count, d]; gradients of repeated rows add up.
  package func gatherRows(_ table: Variable, _ indices: [Int]) -> Variable {
    let d = table.value.count / max(1, table.shape[0])
    let y = Tensor(uninitialized: [indices.count] + table.shape.dropFirst())
    for (row, index) in indices.enumerated() {
      precondition(index >= 0 && index < table.shape[0], "row \(index) of a table with \(table.shape[0])")
      (y.pointer + row * d).update(from: table.value.pointer + index * d, count: d)
    }
    return record(y, [table]) { gradient in
      let sum = Tensor(zeros: table.shape)
      for (row, index) in indices.enumerated() {
        for k in 0..<d { sum.pointer[index * d + k] += gradient.pointer[row * d + k] }
      }
      return [sum]
    }
  }

  /// Joins [n_i, …] along the outermost axis.
  package func concatenateRows(_ parts: [Variable]) -> Variable {
    record(Tensor.concatenating(parts.map(\.value)), parts) { gradient in
      var first = 0
      return parts.map { part in
        defer { first += part.shape[0] }
        return gradient.rows(first..<(first + part.shape[0]))
      }
    }
  }

  /// Joins along the last axis; all other axes are equal.
  package func concatenateChannels(_ parts: [Variable]) -> Variable {
    let widths = parts.map { $0.shape[$0.shape.count - 1] }
    let total = widths.reduce(0, +)
    let rows = parts[0].value.count / max(1, widths[0])
    let y = Tensor(uninitialized: parts[0].shape.dropLast() + [total])
    var column = 0
    for (part, width) in zip(parts, widths) {
      precondition(part.shape.dropLast() == parts[0].shape.dropLast(), "join \(part.shape) to \(parts[0].shape)")
      for row in 0..<rows {
        (y.pointer + row * total + column).update(from: part.value.pointer + row * width, count: width)
      }
      column += width
    }
    return record(y, parts) { gradient in
      var column = 0
      return zip(parts, widths).map { part, width in
        defer { column += width }
        return part.node == nil ? nil : Self.columns(column..<(column + width), of: gradient)
      }
    }
  }

  private static func columns(_ range: Range<Int>, of x: Tensor) -> Tensor {
    let total = x.shape[x.shape.count - 1]
    precondition(range.upperBound <= total, "channels \(range) of \(x.shape)")
    let y = Tensor(uninitialized: x.shape.dropLast() + [range.count])
    for row in 0..<x.count / total {
      (y.pointer + row * range.count).update(from: x.pointer + row * total + range.lowerBound, count: range.count)
    }
    return withExtendedLifetime(x) { y }
  }

  /// The mean of the rows of each range of x [n, d] → [ranges.count, d].
  package func meanOfRows(_ x: Variable, ranges: [Range<Int>]) -> Variable {
    let d = x.shape[1]
    let y = Tensor(zeros: [ranges.count, d])
    for (index, range) in ranges.enumerated() {
      precondition(!range.isEmpty && range.upperBound <= x.shape[0], "the mean of rows \(range) of \(x.shape)")
      for row in range {
        for k in 0..<d { y.pointer[index * d + k] += x.value.pointer[row * d + k] }
      }
      for k in 0..<d { y.pointer[index * d + k] /= Float(range.count) }
    }
    return record(y, [x]) { gradient in
      let dx = Tensor(zeros: x.shape)
      for (index, range) in ranges.enumerated() {
        for row in range {
          for k in 0..<d { dx.pointer[row * d + k] += gradient.pointer[index * d + k] / Float(range.count) }
        }
      }
      return [dx]
    }
  }
}
