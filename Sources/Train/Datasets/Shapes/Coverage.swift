/// How much of each pixel of a view an outline covers, one row at a time.
///
/// Owns its working memory; used by one renderer for all frames of a clip.
final class Coverage {
  private let crop: PixelRectangle
  private let scale: Int
  /// Up to `ShapeOutline.mostCrossings` crossings for each line of the drawing, counted from the crop's first.
  private let crossings: UnsafeMutablePointer<Double>
  private let crossingCounts: UnsafeMutablePointer<Int>
  /// What changes from one column of the current row to the next; two more than columns.
  private let changes: UnsafeMutablePointer<SIMD4<Float>>

  init(crop: PixelRectangle, scale: Int) {
    self.crop = crop
    self.scale = scale
    let lineCount = crop.height * scale
    crossings = .allocate(capacity: lineCount * ShapeOutline.mostCrossings)
    crossingCounts = .allocate(capacity: lineCount)
    crossingCounts.initialize(repeating: 0, count: lineCount)
    changes = .allocate(capacity: crop.width + 2)
    changes.initialize(repeating: .zero, count: crop.width + 2)
  }

  deinit {
    crossings.deallocate()
    crossingCounts.deallocate()
    changes.deallocate()
  }

  /// Finds where the outline crosses the crop's lines, and returns the view's rows that it may touch.
  ///
  /// - Parameters:
  ///   - centre: in pixels of the drawing, like `radius`.
  func trace(_ outline: ShapeOutline, centre: SIMD2<Double>, radius: Double) -> Range<Int> {
    let all = crop.rows.lowerBound * scale..<crop.rows.upperBound * scale
    let lines = Range(
      uncheckedBounds: (
        min(max(all.lowerBound, Int((centre.y - radius).rounded(.down))), all.upperBound),
        max(min(all.upperBound, Int((centre.y + radius).rounded(.up)) + 1), all.lowerBound)
      ))
    guard lines.lowerBound < lines.upperBound else { return 0..<0 }
    let rows = lines.lowerBound / scale..<(lines.upperBound - 1) / scale + 1
    let first = (rows.lowerBound - crop.y) * scale
    (crossingCounts + first).update(repeating: 0, count: rows.count * scale)
    outline.forEachCrossing(centre: centre, radius: radius, lines: lines) { line, x in
      let line = line - all.lowerBound
      precondition(crossingCounts[line] < ShapeOutline.mostCrossings, "an outline with too many crossings")
      crossings[line * ShapeOutline.mostCrossings + crossingCounts[line]] = x
      crossingCounts[line] += 1
    }
    return rows
  }

  /// Walks the columns of the view's `row` that the traced outline touches, with the sum over each pixel's part of
  /// the drawing of (object − background) where the object covers it.
  ///
  /// - Parameters:
  ///   - background: the colour of each line of the drawing.
  ///   - body: is given a column, counted from the crop's first, and its sum.
  func forEachColumn(
    row: Int, background: [SIMD4<Float>], object: SIMD4<Float>, body: (_ column: Int, _ sum: SIMD4<Float>) -> Void
  ) {
    var (firstColumn, endColumn) = (crop.width, 0)
    for line in row * scale..<(row + 1) * scale {
      let weight = object - background[line]
      forEachInterval(line: line - crop.y * scale) { start, end in
        let (first, last) = (start / scale, end / scale)
        let (head, tail) = (Float((first + 1) * scale - start), Float(end - last * scale))
        changes[first] += weight * head
        changes[first + 1] += weight * (Float(scale) - head)
        changes[last] += weight * (tail - Float(scale))
        changes[last + 1] -= weight * tail
        firstColumn = min(firstColumn, first)
        endColumn = max(endColumn, last + 1)
      }
    }
    guard firstColumn < endColumn else { return }
    var sum = SIMD4<Float>.zero
    for column in firstColumn..<min(endColumn, crop.width) {
      sum += changes[column]
      body(column, sum)
    }
    (changes + firstColumn).update(repeating: .zero, count: endColumn + 1 - firstColumn)
  }

  /// The pixels of the drawing, counted from the crop's first, whose centres the outline encloses on a line.
  private func forEachInterval(line: Int, body: (_ start: Int, _ end: Int) -> Void) {
    let count = crossingCounts[line]
    var found = UnsafeMutableBufferPointer(start: crossings + line * ShapeOutline.mostCrossings, count: count)
    if count > 2 { found.sort() } else if count == 2, found[0] > found[1] { found.swapAt(0, 1) }
    let limit = crop.width * scale
    for pair in stride(from: 0, to: count - 1, by: 2) {
      let start = max(0, ShapeOutline.firstCentre(found[pair]) - crop.x * scale)
      let end = min(limit, ShapeOutline.firstCentre(found[pair + 1]) - crop.x * scale)
      if start < end { body(start, end) }
    }
  }
}
