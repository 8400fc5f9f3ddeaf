import Datasets
import DurableFiles
import Foundation
import Kernels
import Tensors
import VideoAutoencoder

/// Gives latents of examples by a frozen autoencoder, from the cache where they are there.
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

  /// Examples 0..<count of `source`, with what is said of them.
  ///
  /// - Parameter withLowResolution: whether the same examples at half the resolution belong to them.
  func examples(
    of source: any ExampleSource, count: Int, resolution: Int, withLowResolution: Bool, until stop: StopRequest,
    report: (String) -> Void
  ) throws -> LatentExamples {
    let medium = source.medium
    // The cache makes whole shards: the last one of a source that ends is filled up from its beginning.
    let available = source.availableCount ?? .max
    func latents(_ resolution: Int) throws -> Tensor {
      try cache.latents(
        of: LatentCache.Selection(kind: medium.rawValue, resolution: resolution, world: source.contentName),
        count: count, batchSize: max(1, (medium == .image ? 64 : 8) * 32 * 32 / (resolution * resolution)),
        encode: { autoencoder.encode($0, on: device) },
        render: { try source.frames($0 % available, resolution: resolution) }, until: stop,
        report: { report("\($0) of \(count) \(medium.rawValue)s at \(resolution) pixels") })
    }
    return LatentExamples(
      latents: try latents(resolution), lowResolution: withLowResolution ? try latents(resolution / 2) : nil,
      of: source)
  }
}
