import Datasets
import DurableFiles
import Foundation
import Kernels
import MediaIO
import Tensors
import VideoAutoencoder

/// How well an autoencoder gives clips back, beside H.264 with no more bytes.
///
/// The latents are rounded to 8 bits each, so that their bytes are honest: ±4 standard deviations in 255 steps. The
/// windows of one file are one video for H.264 (libx264, preset medium, no B-frames), which may so use what they share;
/// its bytes are those of the whole file, and its quality the best that fits.
package struct ReconstructionReport: Sendable, Codable, Equatable {
  package let file: String
  package let windows: Int
  /// Of the latents, and of H.264's file.
  package let byteCount: Int
  package let h264ByteCount: Int
  package let autoencoder: PictureQuality
  package let h264: PictureQuality
}

/// Measures reconstructions.
package struct ReconstructionMeasurement {
  private static let frameCount = 17
  private let autoencoder: VideoAutoencoder
  private let resolution: Int
  private let device: ComputeDevice

  /// - Parameter resolution: pixels of a side.
  /// - Throws: `WeightsError`, and `TrainingError` if the autoencoder takes no such clips.
  package init(autoencoderFolder: String, resolution: Int, on device: ComputeDevice) throws {
    autoencoder = try VideoAutoencoder(folder: URL(fileURLWithPath: autoencoderFolder))
    try autoencoder.configuration.check(frameCount: Self.frameCount, side: resolution, folder: autoencoderFolder)
    self.resolution = resolution
    self.device = device
  }

  /// One report for each file of the data set, over its windows of 17 frames.
  ///
  /// - Parameter limit: the most windows of a file.
  package func reports(_ media: MediaSet, limit: Int) throws -> [ReconstructionReport] {
    let windows = try ClipWindows(media, .video, frameCount: Self.frameCount)
    let byFile = Dictionary(grouping: 0..<windows.count, by: windows.file)
    return try byFile.sorted { $0.key < $1.key }.map { file, numbers in
      try report(file, numbers.prefix(limit).map { try windows.centre($0, resolution: resolution) })
    }
  }

  private func report(_ file: String, _ clips: [Tensor]) throws -> ReconstructionReport {
    var (quality, byteCount) = (PictureQuality(), 0)
    for clip in clips {
      let latents = autoencoder.encode(clip.reshaped([1] + clip.shape), on: device)
      byteCount += latents.count
      let rounded = latents.map { (min(max($0, -4), 4) * 127 / 4).rounded() * 4 / 127 }
      quality.add(RGBFrames(autoencoder.decode(rounded, on: device)[0]), against: RGBFrames(clip))
    }
    let (h264, fileByteCount) = try bestH264(RGBFrames(Tensor.concatenating(clips)), limit: byteCount)
    var peer = PictureQuality()
    for (index, clip) in clips.enumerated() {
      let count = clip.shape[0]
      peer.add(h264.frames(index * count..<(index + 1) * count), against: RGBFrames(clip))
    }
    return ReconstructionReport(
      file: file, windows: clips.count, byteCount: byteCount, h264ByteCount: fileByteCount, autoencoder: quality,
      h264: peer)
  }

  /// The best constant rate factor whose file is no larger than `limit`, or the worst there is.
  private func bestH264(_ frames: RGBFrames, limit: Int) throws -> (frames: RGBFrames, byteCount: Int) {
    let path = NSTemporaryDirectory() + "walt-h264-\(UUID().uuidString).mp4"
    defer { _ = try? DurableFile.remove(path) }
    func byteCount(_ factor: Int) throws -> Int {
      try VideoFile.write(frames, as: .mp4, framesPerSecond: 8, quality: factor, to: path)
      return DurableFile.byteCount(of: path) ?? 0
    }
    var (low, high) = (0, 51)
    while low < high {
      let middle = (low + high) / 2
      if try byteCount(middle) <= limit { high = middle } else { low = middle + 1 }
    }
    let count = try byteCount(low)
    return (try VideoFile.read(path).frames, count)
  }
}

extension RGBFrames {
  /// Some of the frames.
  func frames(_ range: Range<Int>) -> RGBFrames {
    RGBFrames(
      width: width, height: height, frameCount: range.count,
      bytes: Array(bytes[range.lowerBound * frameByteCount..<range.upperBound * frameByteCount]))
  }
}
