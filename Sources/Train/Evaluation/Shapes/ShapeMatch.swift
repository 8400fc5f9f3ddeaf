import Datasets

/// How well one shape, drawn as the generator draws it, covers an object.
struct ShapeMatch {
  let shape: Shape
  /// Intersection over union of the two coverages, the mean over some frames.
  let overlap: Double
  /// The circumscribed radius that fits best, in units of the frame's side.
  let radius: Double

  /// All shapes, the best first, fitted to five of the frames.
  static func rank(_ frames: [SegmentedFrame]) -> [ShapeMatch] {
    guard !frames.isEmpty else { return [] }
    let count = min(5, frames.count)
    let chosen = (0..<count).map { frames[count == 1 ? 0 : $0 * (frames.count - 1) / (count - 1)] }
    let matches = Shape.allCases.map { shape in
      let fits = chosen.map { ShapeFit.best(shape, $0) }
      return ShapeMatch(
        shape: shape, overlap: fits.reduce(0) { $0 + $1.overlap } / Double(count),
        radius: fits.reduce(0) { $0 + $1.radius } / Double(count))
    }
    return matches.sorted { $0.overlap > $1.overlap }
  }
}

/// One shape at one place and scale over one object.
private struct ShapeFit {
  var centre: SIMD2<Double>
  var radius: Double
  var overlap = 0.0

  /// Starts at the object's centre of area, with the radius that gives its area, and tries small shifts and scales.
  static func best(_ shape: Shape, _ frame: SegmentedFrame) -> ShapeFit {
    let side = Double(frame.resolution)
    let start = ShapeFit(
      centre: frame.centroid / side, radius: (frame.area / areas[shape.index]).squareRoot() / side)
    var best = start.measured(shape, frame)
    // A shape that is far off stays far off.
    guard best.overlap > 0.6 else { return best }
    for step in [1.0, 0.5] {
      for change in changes {
        var tried = best
        tried.centre += step / side * SIMD2(change.x, change.y)
        tried.radius *= 1 + 0.03 * step * change.z
        tried = tried.measured(shape, frame)
        if tried.overlap > best.overlap { best = tried }
      }
    }
    return best
  }

  private func measured(_ shape: Shape, _ frame: SegmentedFrame) -> ShapeFit {
    let drawn = shape.coverage(resolution: frame.resolution, centre: centre, radius: radius, crop: frame.box)
    var (intersection, union): (Float, Float) = (0, 0)
    for (seen, expected) in zip(frame.matte, drawn) {
      intersection += min(seen, expected)
      union += max(seen, expected)
    }
    return ShapeFit(centre: centre, radius: radius, overlap: union > 0 ? Double(intersection / union) : 0)
  }

  private static let changes: [SIMD3<Double>] = [
    SIMD3(1, 0, 0), SIMD3(-1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, -1, 0), SIMD3(0, 0, 1), SIMD3(0, 0, -1),
  ]

  /// The area of each shape with radius 1, measured on the largest drawing.
  private static let areas: [Double] = Shape.allCases.map { shape in
    let side = World.drawingResolution
    let cover = shape.coverage(
      resolution: side, centre: SIMD2(0.5, 0.5), radius: 0.45, crop: PixelRectangle(resolution: side))
    return Double(cover.reduce(0, +)) / (0.45 * 0.45 * Double(side * side))
  }
}
