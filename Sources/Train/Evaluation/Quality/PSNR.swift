import Glibc
import MediaIO

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
    let meanSquare = Double(sum) / Double(max(1, a.bytes.count))
    return 10 * log10(255 * 255 / meanSquare)
  }
}
