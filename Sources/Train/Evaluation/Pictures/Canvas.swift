import Datasets
import MediaIO

/// A picture to draw on: 8-bit RGB, row-major.
struct Canvas {
  let width: Int
  let height: Int
  private var bytes: [UInt8]

  init(width: Int, height: Int, colour: RGB) {
    self.width = width
    self.height = height
    bytes = (0..<width * height).flatMap { _ in Self.bytes(colour) }
  }

  var picture: RGBFrames { RGBFrames(width: width, height: height, frameCount: 1, bytes: bytes) }

  /// Sets a pixel; nothing outside the picture.
  mutating func set(_ x: Int, _ y: Int, _ colour: RGB) {
    guard 0..<width ~= x, 0..<height ~= y else { return }
    let start = (y * width + x) * 3
    bytes.replaceSubrange(start..<start + 3, with: Self.bytes(colour))
  }

  /// Copies one frame with its corner at (`x`, `y`).
  ///
  /// - Precondition: it fits.
  mutating func place(_ frames: RGBFrames, frame: Int, x: Int, y: Int) {
    for row in 0..<frames.height {
      let source = frame * frames.frameByteCount + row * frames.width * 3
      let target = ((y + row) * width + x) * 3
      bytes.replaceSubrange(target..<target + frames.width * 3, with: frames.bytes[source..<source + frames.width * 3])
    }
  }

  /// A straight line two pixels thick.
  mutating func line(from a: SIMD2<Double>, to b: SIMD2<Double>, _ colour: RGB) {
    let difference = b - a
    let steps = max(1, Int(max(abs(difference.x), abs(difference.y)).rounded(.up)))
    for step in 0...steps {
      let point = a + difference * (Double(step) / Double(steps))
      let (x, y) = (Int(point.x.rounded()), Int(point.y.rounded()))
      for (offsetX, offsetY) in [(0, 0), (1, 0), (0, 1), (1, 1)] { set(x + offsetX, y + offsetY, colour) }
    }
  }

  mutating func fill(x: Range<Int>, y: Range<Int>, _ colour: RGB) {
    for row in y {
      for column in x { set(column, row, colour) }
    }
  }

  /// One line of text with its upper left corner at (`x`, `y`); each dot of the font is a square of `scale` pixels.
  mutating func text(_ text: String, x: Int, y: Int, scale: Int = 1, _ colour: RGB) {
    var left = x
    for character in text {
      for (column, dots) in BitmapFont.columns(character).enumerated() {
        for row in 0..<8 where dots >> row & 1 == 1 {
          let (dotX, dotY) = (left + column * scale, y + row * scale)
          fill(x: dotX..<dotX + scale, y: dotY..<dotY + scale, colour)
        }
      }
      left += BitmapFont.advance * scale
    }
  }

  private static func bytes(_ colour: RGB) -> [UInt8] { [UInt8(colour.x), UInt8(colour.y), UInt8(colour.z)] }
}
