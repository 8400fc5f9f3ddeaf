extension Shape {
  /// How much of each pixel of a view the shape covers, 0 … 1, row-major over `crop`: what the generator draws.
  ///
  /// - Parameters:
  ///   - centre: the centre of area, in units of the frame's side, like `radius`.
  package func coverage(
    resolution: Int, centre: SIMD2<Double>, radius: Double, crop: PixelRectangle
  ) -> [Float] {
    let drawing = Double(World.drawingResolution)
    let scale = World.drawingResolution / resolution
    let coverage = Coverage(crop: crop, scale: scale)
    var result = [Float](repeating: 0, count: crop.width * crop.height)
    for row in coverage.trace(outline, centre: centre * drawing, radius: radius * drawing) {
      coverage.forEachColumn(row: row, background: Self.nothing, object: SIMD4(repeating: 1)) { column, sum in
        result[(row - crop.y) * crop.width + column] = sum.x / Float(scale * scale)
      }
    }
    return result
  }

  private static let nothing = [SIMD4<Float>](repeating: .zero, count: World.drawingResolution)
}
