/// RGB to Y′CbCr by Rec. ITU-R BT.709, limited range, in whole numbers: the same on every machine.
///
/// Chroma is halved both ways for 4:2:0 with the siting that H.264 assumes: at the left of each pair of columns
/// (weights ¼ ½ ¼) and between each pair of rows.
enum BT709 {
  /// Fixed point with 16 bits after the point.
  private static let one = 65536.0
  private static let (red, green, blue) = (0.2126, 0.7152, 0.0722)
  private static let luma = coefficients(red, green, blue, scale: 219 / 255)
  private static let chromaBlue = coefficients(-red, -green, 1 - blue, scale: 224 / 255 / (2 * (1 - blue)))
  private static let chromaRed = coefficients(1 - red, -green, -blue, scale: 224 / 255 / (2 * (1 - red)))

  private static func coefficients(_ r: Double, _ g: Double, _ b: Double, scale: Double) -> SIMD3<Int32> {
    SIMD3(Int32((r * scale * one).rounded()), Int32((g * scale * one).rounded()), Int32((b * scale * one).rounded()))
  }

  /// One plane of a picture in memory that someone else owns.
  struct Plane {
    let start: UnsafeMutablePointer<UInt8>
    let stride: Int
  }

  /// Converts one frame.
  ///
  /// - Precondition: `width` and `height` are even; `rgb` holds height · width · 3 bytes.
  static func convert(
    _ rgb: UnsafePointer<UInt8>, width: Int, height: Int, luma lumaPlane: Plane, blue: Plane, red: Plane
  ) {
    func pixel(_ row: Int, _ column: Int) -> SIMD3<Int32> {
      let p = rgb + (row * width + max(0, min(width - 1, column))) * 3
      return SIMD3(Int32(p[0]), Int32(p[1]), Int32(p[2]))
    }
    for row in 0..<height {
      for column in 0..<width {
        let y = ((pixel(row, column) &* luma).wrappedSum() + 16 << 16 + 1 << 15) >> 16
        lumaPlane.start[row * lumaPlane.stride + column] = UInt8(clamping: y)
      }
    }
    for row in 0..<height / 2 {
      for column in 0..<width / 2 {
        var sum = SIMD3<Int32>.zero
        for line in 2 * row...2 * row + 1 {
          sum &+= pixel(line, 2 * column - 1) &+ 2 &* pixel(line, 2 * column) &+ pixel(line, 2 * column + 1)
        }
        // `sum` holds eight times the mean colour.
        let cb = ((sum &* chromaBlue).wrappedSum() + 128 << 19 + 1 << 18) >> 19
        let cr = ((sum &* chromaRed).wrappedSum() + 128 << 19 + 1 << 18) >> 19
        blue.start[row * blue.stride + column] = UInt8(clamping: cb)
        red.start[row * red.stride + column] = UInt8(clamping: cr)
      }
    }
  }
}
