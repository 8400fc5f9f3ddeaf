/// A closed outline: concentric circles or a polygon, filled by the even-odd rule.
package struct ShapeOutline: Sendable {
  /// Radii of circles about the centre, or none.
  private let circles: [Double]
  /// Vertices, x to the right and y down, or none.
  private let polygon: [SIMD2<Double>]

  package init(circles: [Double]) {
    self.circles = circles
    polygon = []
  }

  package init(polygon: [SIMD2<Double>]) {
    circles = []
    self.polygon = polygon
  }

  /// The most crossings of one horizontal line with any outline of the world: a star's or a ring's, with room.
  static let mostCrossings = 8

  /// Calls `body` with each horizontal line j of `lines` that the outline crosses and the crossing's x.
  ///
  /// The outline has the given centre and radius, in pixels; line j is at y = j + ½. The crossings of a line come in
  /// no order, an even number of them.
  func forEachCrossing(
    centre: SIMD2<Double>, radius: Double, lines: Range<Int>, body: (_ line: Int, _ x: Double) -> Void
  ) {
    for circle in circles {
      let r = circle * radius
      for line in Self.lines(from: centre.y - r, to: centre.y + r, in: lines) {
        let y = Double(line) + 0.5 - centre.y
        let halfWidth = max(0, r * r - y * y).squareRoot()
        body(line, centre.x - halfWidth)
        body(line, centre.x + halfWidth)
      }
    }
    guard var from = polygon.last.map({ centre + radius * $0 }) else { return }
    for vertex in polygon {
      let to = centre + radius * vertex
      let slope = (to.x - from.x) / (to.y - from.y)
      for line in Self.lines(from: min(from.y, to.y), to: max(from.y, to.y), in: lines) {
        body(line, from.x + (Double(line) + 0.5 - from.y) * slope)
      }
      from = to
    }
  }

  /// The lines j of `lines` with `from` ≤ j + ½ < `to`.
  private static func lines(from: Double, to: Double, in lines: Range<Int>) -> Range<Int> {
    let first = max(lines.lowerBound, firstCentre(from))
    return first..<max(first, min(lines.upperBound, firstCentre(to)))
  }

  /// The least j with j + ½ ≥ `position`: pixels from there on have their centres at or beyond the position.
  static func firstCentre(_ position: Double) -> Int { Int((position - 0.5).rounded(.up)) }

  /// A polygon moved to its centre of area and scaled to circumscribed radius 1 about it.
  static func normalized(_ polygon: [SIMD2<Double>]) -> [SIMD2<Double>] {
    var doubledArea = 0.0
    var moment = SIMD2<Double>.zero
    for (index, a) in polygon.enumerated() {
      let b = polygon[(index + 1) % polygon.count]
      let crossProduct = a.x * b.y - b.x * a.y
      doubledArea += crossProduct
      moment += crossProduct * (a + b)
    }
    let moved = polygon.map { $0 - moment / (3 * doubledArea) }
    let radius = moved.map { ($0 * $0).sum().squareRoot() }.max() ?? 1
    return moved.map { $0 / radius }
  }
}
