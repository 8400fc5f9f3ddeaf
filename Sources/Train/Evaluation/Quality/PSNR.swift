import Glibc
import MediaIO
import Tensors

/// Peak signal-to-noise ratio: 10 · log₁₀(peak² / mean squared difference), in dB; infinite for equal pictures.
package enum PSNR {
  /// - Precondition: both have the same size.
  package static func decibels(_ a: RGBFrames, _ b: RGBFrames) -> Double {
    precondition(a.bytes.count == b.bytes.count, "\(a.bytes.count) bytes against \(b.bytes.count)")
    var sum = 0
    for index in 0..<a.bytes.count {
      let difference = Int(a.bytes[index]) - Int(b.bytes[index])
      sum += difference * difference
    }
    return decibels(meanSquare: Double(sum) / Double(max(1, a.bytes.count)), peak: 255)
  }

  /// The same for values in [−1, 1].
  ///
  /// - Precondition: both have the same shape.
  package static func decibels(_ a: Tensor, _ b: Tensor) -> Double {
    precondition(a.shape == b.shape, "shape \(a.shape) against \(b.shape)")
    var sum = 0.0
    withExtendedLifetime((a.storage, b.storage)) {
      for (x, y) in zip(a.values, b.values) { sum += Double((x - y) * (x - y)) }
    }
    return decibels(meanSquare: sum / Double(max(1, a.count)), peak: 2)
  }

  private static func decibels(meanSquare: Double, peak: Double) -> Double { 10 * log10(peak * peak / meanSquare) }
}
