import Foundation
import Tensors

/// How near a reconstruction comes to the original.
enum ReconstructionQuality {
  /// Peak signal-to-noise ratio in decibels of values in [−1, 1], the reconstruction clamped to them.
  static func psnr(_ original: Tensor, _ reconstruction: Tensor) -> Double {
    precondition(original.shape == reconstruction.shape, "\(original.shape) against \(reconstruction.shape)")
    var sum = 0.0
    for (x, y) in zip(original.values, reconstruction.values) {
      let difference = Double(x - min(1, max(-1, y)))
      sum += difference * difference
    }
    withExtendedLifetime((original, reconstruction)) {}
    return 10 * log10(4 / max(1e-12, sum / Double(original.count)))
  }
}
