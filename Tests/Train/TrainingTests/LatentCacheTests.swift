import DurableFiles
import Foundation
import Tensors
import Testing

@testable import Training

struct LatentCacheTests {
  private func latents(_ cache: LatentCache, count: Int, encoded: inout Int) throws -> Tensor {
    var made = 0
    let result = try cache.latents(
      of: LatentCache.Selection(kind: "video", resolution: 32, world: "test"), count: count, batchSize: 10,
      encode: { frames in
        made += frames.shape[0]
        return frames.map { 2 * $0 }
      },
      render: { Tensor([Float($0), -Float($0)], shape: [1, 2]) }, until: StopRequest(), report: { _ in })
    encoded += made
    return result
  }

  @Test("latents are made once, and more of them later without making the first again")
  func makesOnce() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/latents-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let cache = LatentCache(root: folder, encoderDigest: "0123456789abcdef0123")
    var encoded = 0
    #expect(try latents(cache, count: 3, encoded: &encoded).array == [0, 0, 2, -2, 4, -4])
    #expect(encoded == 64)
    #expect(try latents(cache, count: 64, encoded: &encoded).shape == [64, 1, 2])
    #expect(encoded == 64)
    #expect(try latents(cache, count: 65, encoded: &encoded)[64].array == [128, -128])
    #expect(encoded == 128)
  }

  @Test("another encoder has latents of its own")
  func keepsEncodersApart() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/latents-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var encoded = 0
    _ = try latents(LatentCache(root: folder, encoderDigest: "a"), count: 1, encoded: &encoded)
    _ = try latents(LatentCache(root: folder, encoderDigest: "b"), count: 1, encoded: &encoded)
    #expect(encoded == 128)
  }
}
