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

  /// Bytes of one frame.
  package var frameByteCount: Int { height * width * 3 }

  /// One frame by itself.
  package func frame(_ index: Int) -> RGBFrames {
    precondition(0..<frameCount ~= index, "frame \(index) of \(frameCount)")
    let range = index * frameByteCount..<(index + 1) * frameByteCount
    return RGBFrames(width: width, height: height, frameCount: 1, bytes: Array(bytes[range]))
  }
}
