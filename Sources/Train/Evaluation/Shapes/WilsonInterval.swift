/// A rate with its 95 % confidence interval (Wilson's score interval).
package struct WilsonInterval: Sendable, Hashable, Codable, CustomStringConvertible {
  package let successCount: Int
  package let count: Int

  /// - Precondition: 0 ≤ successes ≤ count.
  package init(_ successCount: Int, of count: Int) {
    precondition(0...count ~= successCount, "\(successCount) successes of \(count)")
    self.successCount = successCount
    self.count = count
  }

  package var rate: Double { count == 0 ? 0 : Double(successCount) / Double(count) }

  /// The interval's bounds; 0 … 1 for no observations.
  package var bounds: ClosedRange<Double> {
    guard count > 0 else { return 0...1 }
    let (n, z) = (Double(count), 1.959_963_984_540_054)
    let centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    let half = z / (1 + z * z / n) * (rate * (1 - rate) / n + z * z / (4 * n * n)).squareRoot()
    return max(0, centre - half)...min(1, centre + half)
  }

  /// "93.0 % [86.3, 96.6]"
  package var description: String {
    "\(percent(rate)) % [\(percent(bounds.lowerBound)), \(percent(bounds.upperBound))]"
  }

  private func percent(_ value: Double) -> String {
    let tenths = Int((value * 1000).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
