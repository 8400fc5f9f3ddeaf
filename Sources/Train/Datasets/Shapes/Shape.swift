import Glibc

/// The outline of an object, with circumscribed radius 1 about its centre of area.
package enum Shape: String, WorldTerm {
  case circle, square, triangle, star, cross, ring, bar, heart

  package var outline: ShapeOutline { Self.outlines[index] }

  private static let outlines = allCases.map(makeOutline)

  private static func makeOutline(_ shape: Shape) -> ShapeOutline {
    switch shape {
    case .circle: ShapeOutline(circles: [1])
    case .ring: ShapeOutline(circles: [1, 0.55])
    case .square: ShapeOutline(polygon: rectangle(halfHeight: 0.5.squareRoot()))
    case .bar: ShapeOutline(polygon: rectangle(halfHeight: 0.26))
    case .triangle: ShapeOutline(polygon: star(points: 3, innerRadius: 0.5))
    case .star: ShapeOutline(polygon: star(points: 5, innerRadius: 0.42))
    case .cross: ShapeOutline(polygon: cross(armHalfWidth: 0.30))
    case .heart: ShapeOutline(polygon: heart(vertexCount: 120))
    }
  }

  /// A rectangle whose corners lie on the unit circle.
  private static func rectangle(halfHeight: Double) -> [SIMD2<Double>] {
    let halfWidth = (1 - halfHeight * halfHeight).squareRoot()
    return [
      SIMD2(-halfWidth, -halfHeight), SIMD2(halfWidth, -halfHeight), SIMD2(halfWidth, halfHeight),
      SIMD2(-halfWidth, halfHeight),
    ]
  }

  /// A star with its first point up; three points with inner radius ½ are a triangle.
  private static func star(points: Int, innerRadius: Double) -> [SIMD2<Double>] {
    (0..<2 * points).map { vertex in
      let angle = Double(vertex) * Double.pi / Double(points)
      let radius = vertex.isMultiple(of: 2) ? 1 : innerRadius
      return SIMD2(radius * sin(angle), -radius * cos(angle))
    }
  }

  /// An upright cross whose arms' corners lie on the unit circle.
  private static func cross(armHalfWidth w: Double) -> [SIMD2<Double>] {
    let l = (1 - w * w).squareRoot()
    return [
      SIMD2(-w, -l), SIMD2(w, -l), SIMD2(w, -w), SIMD2(l, -w), SIMD2(l, w), SIMD2(w, w),
      SIMD2(w, l), SIMD2(-w, l), SIMD2(-w, w), SIMD2(-l, w), SIMD2(-l, -w), SIMD2(-w, -w),
    ]
  }

  /// The curve (16 sin³t, 13 cos t − 5 cos 2t − 2 cos 3t − cos 4t), moved to its centre of area and scaled.
  private static func heart(vertexCount: Int) -> [SIMD2<Double>] {
    let curve = (0..<vertexCount).map { vertex in
      let t = 2 * Double.pi * Double(vertex) / Double(vertexCount)
      return SIMD2(16 * pow(sin(t), 3), -(13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t)))
    }
    return ShapeOutline.normalized(curve)
  }
}
