import MediaIO
import Tensors
import VideoAutoencoder

extension RGBFrames {
  /// Pixels [F, H, W, 3] in [−1, 1] as bytes.
  package init(_ pixels: Tensor) {
    precondition(pixels.shape.count == 4 && pixels.shape[3] == 3, "pixels are \(pixels.shape), expected [F, H, W, 3]")
    self.init(
      width: pixels.shape[2], height: pixels.shape[1], frameCount: pixels.shape[0], bytes: pixels.pixelBytes())
  }

  /// Every pixel as a square of `factor` × `factor`.
  package func enlarged(by factor: Int) -> RGBFrames {
    guard factor > 1 else { return self }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count * factor * factor)
    for row in 0..<(frameCount * height) {
      let line = (0..<width).flatMap { x in
        let start = (row * width + x) * 3
        return [[UInt8]](repeating: Array(bytes[start..<(start + 3)]), count: factor).joined()
      }
      for _ in 0..<factor { result += line }
    }
    return RGBFrames(width: width * factor, height: height * factor, frameCount: frameCount, bytes: result)
  }
}
