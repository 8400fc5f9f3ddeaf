extension RGBFrames {
  /// The frames at another size: the largest part around the centre that has the wanted aspect, each wanted pixel the
  /// mean of the area that it covers (in sRGB values, as training sees them). Plain sums in double, the same on every
  /// machine.
  ///
  /// - Returns: values in −1…1, `[F, height, width, 3]`, not rounded to bytes.
  /// - Complexity: O(pixels of the frames), memory for the result and one row.
  package func centreCropped(width: Int, height: Int) -> [Float] {
    precondition(width > 0 && height > 0, "frames of \(width) × \(height)")
    let scale = min(Double(self.width) / Double(width), Double(self.height) / Double(height))
    let columns = AreaAverage(count: width, scale: scale, sourceCount: self.width)
    let rows = AreaAverage(count: height, scale: scale, sourceCount: self.height)
    return (0..<frameCount).flatMap { averaged(frame: $0, columns, rows) }
  }

  private func averaged(frame: Int, _ columns: AreaAverage, _ rows: AreaAverage) -> [Float] {
    var values: [Float] = []
    values.reserveCapacity(rows.taps.count * columns.taps.count * 3)
    for taps in rows.taps {
      var sums = [Double](repeating: 0, count: columns.taps.count * 3)
      for tap in taps { add(row: tap.source, of: frame, times: tap.weight, columns, to: &sums) }
      values += sums.map { Float($0 / 127.5 - 1) }
    }
    return values
  }

  private func add(
    row: Int, of frame: Int, times weight: Double, _ columns: AreaAverage, to sums: inout [Double]
  ) {
    let start = frame * frameByteCount + row * width * 3
    for (column, taps) in columns.taps.enumerated() {
      for tap in taps {
        let pixel = start + tap.source * 3
        for part in 0..<3 { sums[column * 3 + part] += weight * tap.weight * Double(bytes[pixel + part]) }
      }
    }
  }
}

/// Which source samples each wanted sample of one axis covers, and how much of it each makes.
private struct AreaAverage {
  struct Tap {
    let source: Int
    let weight: Double
  }

  /// For each wanted sample; the weights of each add up to 1.
  let taps: [[Tap]]

  /// - Parameter scale: source samples that a wanted one covers; `count` of them lie around the source's centre.
  init(count: Int, scale: Double, sourceCount: Int) {
    let margin = (Double(sourceCount) - scale * Double(count)) / 2
    taps = (0..<count).map { index in
      let (start, end) = (margin + scale * Double(index), margin + scale * Double(index + 1))
      let first = max(0, min(sourceCount - 1, Int(start)))
      let last = max(first, min(sourceCount, Int(end.rounded(.up))) - 1)
      return (first...last).compactMap { source in
        let overlap = min(end, Double(source + 1)) - max(start, Double(source))
        return overlap > 0 ? Tap(source: source, weight: overlap / scale) : nil
      }
    }
  }
}
