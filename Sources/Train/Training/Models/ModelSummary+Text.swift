import Foundation

extension ModelSummary {
  /// The table that people read.
  package var text: String {
    let heading = ["part", "parameters", "GFLOP"]
    let rows =
      parts.map { [$0.name, grouped($0.parameters), gigas($0.operations)] }
      + [["all", grouped(parameters), gigas(passOperations)]]
    let widths = heading.indices.map { column in ([heading] + rows).map { $0[column].count }.max() ?? 0 }
    let lines = ([heading] + rows).map { row in
      "  " + row[0].padded(to: widths[0]) + "  " + row[1].padded(to: -widths[1]) + "  " + row[2].padded(to: -widths[2])
    }
    return """
      \(name): \(kind), \(pass)
      \(lines.joined(separator: "\n"))
      \(clip): \(operations(clipOperations))
      peak memory: \(bytes(peakByteCount)) (weights of \(weightsType) \(bytes(weightsByteCount)), \
      activations \(bytes(activationsByteCount)))

      """
  }
}

/// 313238408 → "313,238,408".
private func grouped(_ number: Int) -> String {
  let digits = String(number)
  return digits.enumerated().reduce(into: "") { result, digit in
    if digit.offset > 0, (digits.count - digit.offset) % 3 == 0 { result += "," }
    result.append(digit.element)
  }
}

private func gigas(_ operations: Int) -> String { String(format: "%.2f", Double(operations) / 1e9) }

/// A number of operations in GFLOP, or TFLOP from a thousand of them on.
func operations(_ count: Int) -> String {
  count < 1_000_000_000_000
    ? String(format: "%.1f GFLOP", Double(count) / 1e9) : String(format: "%.1f TFLOP", Double(count) / 1e12)
}

/// A number of bytes in MiB, or GiB from one on.
func bytes(_ count: Int) -> String {
  count < 1 << 30
    ? String(format: "%.0f MiB", Double(count) / 0x1p20) : String(format: "%.2f GiB", Double(count) / 0x1p30)
}

extension String {
  /// Padded with spaces to a width: behind the text, or in front of it for a negative width.
  func padded(to width: Int) -> String {
    let space = String(repeating: " ", count: max(0, abs(width) - count))
    return width < 0 ? space + self : self + space
  }
}
