/// Frames of 8-bit sRGB pixels, `[F, height, width, 3]`, row-major.
package struct RGBFrames: Sendable, Hashable {
  package let width: Int
  package let height: Int
  package let frameCount: Int
  package let bytes: [UInt8]

  /// - Precondition: `bytes` holds frameCount · height · width · 3 values.
  package init(width: Int, height: Int, frameCount: Int, bytes: [UInt8]) {
    let expected = frameCount * height * width * 3
    precondition(
      bytes.count == expected, "\(bytes.count) bytes for \(frameCount) × \(height) × \(width) × 3 = \(expected)")
    self.width = width
    self.height = height
    self.frameCount = frameCount
    self.bytes = bytes
  }

  /// Rounds values in [−1, 1] to bytes, (x + 1) · 127.5; what lies outside is clamped, what is no number becomes 0.
  ///
  /// - Precondition: as for bytes.
  package init(width: Int, height: Int, frameCount: Int, values: UnsafeBufferPointer<Float>) {
    self.init(width: width, height: height, frameCount: frameCount, bytes: values.map(Self.byte))
  }

  private static func byte(_ value: Float) -> UInt8 {
    let scaled = (value + 1) * 127.5 + 0.5
    // A comparison with NaN is false, so that NaN becomes 0.
    return scaled > 0 ? (scaled < 255 ? UInt8(scaled) : 255) : 0
  }

  /// Bytes of one frame.
  package var frameByteCount: Int { height * width * 3 }

  /// One frame by itself.
  package func frame(_ index: Int) -> RGBFrames {
    precondition(0..<frameCount ~= index, "frame \(index) of \(frameCount)")
    let range = index * frameByteCount..<(index + 1) * frameByteCount
    return RGBFrames(width: width, height: height, frameCount: 1, bytes: Array(bytes[range]))
  }
}
