import Datasets
import DurableFiles
import Foundation
import Kernels
import Tensors
import VideoAutoencoder

/// Gives latents of rendered scenes by a frozen autoencoder, from the cache where they are there.
struct LatentLibrary {
  let autoencoder: VideoAutoencoder
  private let cache: LatentCache
  private let device: ComputeDevice

  init(autoencoderFolder: String, cacheFolder: String, on device: ComputeDevice) throws {
    autoencoder = try VideoAutoencoder(folder: URL(fileURLWithPath: autoencoderFolder))
    cache = LatentCache(root: cacheFolder, encoderDigest: Self.encoderDigest(autoencoder))
    self.device = device
  }

  /// SHA-256 of what latents depend on: the encoder's weights and the statistics, not the decoder.
  private static func encoderDigest(_ autoencoder: VideoAutoencoder) -> String {
    var hasher = SHA256Hasher()
    for parameter in autoencoder.parameters where !parameter.name.hasPrefix("decoder.") {
      hasher.update(UnsafeRawBufferPointer(parameter.value.values))
    }
    return hasher.finish().hex
  }

  /// Scenes 0..<count of `source`, with their captions.
  ///
  /// - Parameter withLowResolution: whether the same scenes at half the resolution belong to them.
  func examples(
    of source: SceneSource, _ medium: Medium, count: Int, resolution: Int, withLowResolution: Bool,
    until stop: StopRequest, report: (String) -> Void
  ) throws -> LatentExamples {
    func latents(_ resolution: Int) throws -> Tensor {
      try cache.latents(
        of: LatentCache.Selection(
          kind: medium.rawValue, resolution: resolution, world: "\(source.split.rawValue)-\(source.seed)"),
        count: count, batchSize: max(1, (medium == .image ? 64 : 8) * 32 * 32 / (resolution * resolution)),
        encode: { autoencoder.encode($0, on: device) },
        render: { source[$0].render(resolution: resolution, times: medium.times) }, until: stop,
        report: { report("\($0) of \(count) \(medium.rawValue)s at \(resolution) pixels") })
    }
    return LatentExamples(
      latents: try latents(resolution), lowResolution: withLowResolution ? try latents(resolution / 2) : nil,
      label: { source[$0].classLabel },
      caption: { index, draw in source[index].caption(medium, variant: draw.index(below: 1 << 20)).text })
  }
}
