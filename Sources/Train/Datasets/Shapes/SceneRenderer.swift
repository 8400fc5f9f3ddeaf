/// Draws views of a scene: exact area averages of its 512-pixel drawing.
///
/// A pixel of the large drawing belongs to the object if its centre does. Its lines are therefore lists of intervals,
/// and a view needs only how much of each of its pixels they cover: sums of whole numbers (in units of 1/128 for
/// gradients) that single precision holds exactly. Nothing is sampled; a clip costs little more than copying its
/// background.
///
/// - Complexity: O(frames · (crop's area + lines of the object)).
struct SceneRenderer {
  private let scene: Scene
  private let crop: PixelRectangle
  private let resolution: Int
  /// Pixels of the drawing on each side of one pixel of the view.
  private let scale: Int
  /// The background's colour on each line of the drawing.
  private let lines: [SIMD4<Float>]
  /// The sum of the background over a pixel of each row of the view.
  private let rows: [SIMD4<Float>]
  private let objectColour: SIMD4<Float>

  init(scene: Scene, resolution: Int, crop: PixelRectangle) {
    let drawing = World.drawingResolution
    precondition(
      resolution > 0 && drawing.isMultiple(of: resolution),
      "a view of \(resolution) pixels: not a divisor of \(drawing)")
    precondition(
      crop.x >= 0 && crop.y >= 0 && crop.width >= 0 && crop.height >= 0 && crop.columns.upperBound <= resolution
        && crop.rows.upperBound <= resolution, "\(crop) is not inside a view of \(resolution) pixels")
    self.scene = scene
    self.crop = crop
    self.resolution = resolution
    let scale = drawing / resolution
    self.scale = scale
    objectColour = SIMD4(scene.object.rgb, 0)
    let background = scene.background
    let lines = (0..<drawing).map { SIMD4(background.rgb(row: $0), 0) }
    rows = (0..<resolution).map { row in
      lines[row * scale..<(row + 1) * scale].reduce(.zero, +) * Float(scale)
    }
    self.lines = lines
  }

  /// Writes `[times.count, crop.height, crop.width, 3]` bytes.
  func draw(times: [Double], into bytes: UnsafeMutablePointer<UInt8>) {
    let frameByteCount = crop.height * crop.width * 3
    guard frameByteCount > 0, let first = times.first else { return }
    let coverage = Coverage(crop: crop, scale: scale)
    drawBackground(into: bytes)
    for frame in 1..<max(1, times.count) {
      (bytes + frame * frameByteCount).update(from: bytes, count: frameByteCount)
    }
    drawObject(at: first, into: bytes, coverage)
    for (frame, time) in times.enumerated().dropFirst() {
      let target = bytes + frame * frameByteCount
      if scene.object.motion == .still {
        target.update(from: bytes, count: frameByteCount)
      } else {
        drawObject(at: time, into: target, coverage)
      }
    }
  }

  private func drawBackground(into bytes: UnsafeMutablePointer<UInt8>) {
    var target = bytes
    for row in crop.rows {
      let colour = rounded(rows[row])
      for _ in 0..<crop.width {
        (target[0], target[1], target[2]) = (colour.x, colour.y, colour.z)
        target += 3
      }
    }
  }

  private func drawObject(at time: Double, into bytes: UnsafeMutablePointer<UInt8>, _ coverage: Coverage) {
    let drawing = Double(World.drawingResolution)
    let object = scene.object
    let touched = coverage.trace(
      object.shape.outline, centre: object.position(at: time) * drawing, radius: object.radius * drawing)
    for row in touched {
      let background = rows[row]
      let target = bytes + (row - crop.y) * crop.width * 3
      coverage.forEachColumn(row: row, background: lines, object: objectColour) { column, sum in
        let pixel = rounded(background + sum)
        (target[3 * column], target[3 * column + 1], target[3 * column + 2]) = (pixel.x, pixel.y, pixel.z)
      }
    }
  }

  /// A sum over one pixel's part of the drawing as bytes.
  private func rounded(_ sum: SIMD4<Float>) -> SIMD4<UInt8> {
    let mean = sum * (1 / Float(scale * scale)) + 0.5
    return SIMD4<UInt8>(truncatingIfNeeded: SIMD4<Int32>(mean))
  }
}
