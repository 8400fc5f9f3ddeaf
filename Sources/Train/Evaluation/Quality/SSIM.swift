import Glibc
import MediaIO

/// Structural similarity (Wang et al. 2004): 1 for equal pictures.
///
/// Gaussian windows of 11 × 11 pixels with σ = 1.5, K₁ = 0.01, K₂ = 0.03, each colour channel by itself, over the
/// windows that lie within the picture: what scikit-image gives for `gaussian_weights=True,
/// use_sample_covariance=False`.
package enum SSIM {
  private static let radius = 5
  private static let weights: [Double] = {
    let weights = (-radius...radius).map { exp(-Double($0 * $0) / (2 * 1.5 * 1.5)) }
    return weights.map { $0 / weights.reduce(0, +) }
  }()
  private static let (c1, c2) = (0.01 * 0.01 * 255 * 255, 0.03 * 0.03 * 255 * 255)

  /// The mean over frames, windows and channels.
  ///
  /// - Precondition: both have the same size, at least 11 × 11.
  package static func mean(_ a: RGBFrames, _ b: RGBFrames) -> Double {
    precondition(
      a.width == b.width && a.height == b.height && a.frameCount == b.frameCount && min(a.width, a.height) > 2 * radius,
      "\(a.frameCount) × \(a.height) × \(a.width) against \(b.frameCount) × \(b.height) × \(b.width)")
    var sum = 0.0
    for frame in 0..<a.frameCount {
      for channel in 0..<3 {
        let x = plane(a, frame: frame, channel)
        let y = plane(b, frame: frame, channel)
        sum += mean(x, y, width: a.width)
      }
    }
    return sum / Double(3 * a.frameCount)
  }

  private static func plane(_ frames: RGBFrames, frame: Int, _ channel: Int) -> [Double] {
    let start = frame * frames.frameByteCount
    return (0..<frames.width * frames.height).map { Double(frames.bytes[start + 3 * $0 + channel]) }
  }

  private static func mean(_ x: [Double], _ y: [Double], width: Int) -> Double {
    func smoothed(_ products: (Int) -> Double) -> [Double] { smooth(x.indices.map(products), width: width) }
    let (mx, my) = (smoothed { x[$0] }, smoothed { y[$0] })
    let (xx, yy, xy) = (smoothed { x[$0] * x[$0] }, smoothed { y[$0] * y[$0] }, smoothed { x[$0] * y[$0] })
    let values = mx.indices.map { index in
      let (a, b) = (mx[index], my[index])
      let (va, vb, vab) = (xx[index] - a * a, yy[index] - b * b, xy[index] - a * b)
      return ((2 * a * b + c1) * (2 * vab + c2)) / ((a * a + b * b + c1) * (va + vb + c2))
    }
    return values.reduce(0, +) / Double(values.count)
  }

  /// Weighted sums over the windows that lie within a plane, rows first.
  private static func smooth(_ plane: [Double], width: Int) -> [Double] {
    let (height, inner) = (plane.count / width, width - 2 * radius)
    var rows = [Double](repeating: 0, count: height * inner)
    for row in 0..<height {
      for column in 0..<inner {
        for (tap, weight) in weights.enumerated() {
          rows[row * inner + column] += weight * plane[row * width + column + tap]
        }
      }
    }
    var result = [Double](repeating: 0, count: (height - 2 * radius) * inner)
    for index in result.indices {
      for (tap, weight) in weights.enumerated() { result[index] += weight * rows[index + tap * inner] }
    }
    return result
  }
}
