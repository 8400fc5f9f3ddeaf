import Evaluation
import MediaIO

/// PSNR and SSIM of clips against what they should be, averaged over clips.
package struct PictureQuality: Sendable, Equatable, Codable {
  package private(set) var psnr = 0.0
  package private(set) var ssim = 0.0
  package private(set) var count = 0

  package init() {}

  /// - Precondition: both have the same size.
  package mutating func add(_ clip: RGBFrames, against truth: RGBFrames) {
    count += 1
    // Equal clips have no finite PSNR; 8 bits cannot tell more than this.
    psnr += (min(100, PSNR.decibels(clip, truth)) - psnr) / Double(count)
    ssim += (SSIM.mean(clip, truth) - ssim) / Double(count)
  }
}
