import Autograd
import Foundation
import Kernels
import Layers
import Tensors
import Testing
import VideoAutoencoder
import Weights

@Suite("The autoencoder")
struct AutoencoderTests {
  private static let configuration = AutoencoderConfiguration(
    baseChannels: 4, channelMultipliers: [1, 2, 2], residualBlocks: 1, middleBlocks: 1, temporalDown: [false, true],
    groups: 2, latentChannels: 3)

  private func noise(_ shape: [Int]) -> Tensor { NoiseStream(seed: 1, purpose: .training(1)).normals(shape: shape) }

  @Test("gives each clip of a batch the bytes that it gets alone, on any number of threads")
  func batchAndThreads() {
    let model = VideoAutoencoder(configuration: Self.configuration, seed: 3)
    let pixels = noise([2, 3, 8, 12, 3])
    let together = model.encode(pixels, on: ComputeDevice(threadCount: 2))
    let alone = model.encode(pixels.rows(1..<2), on: ComputeDevice(threadCount: 1))
    #expect(together.shape == [2, 2, 2, 3, 3])
    #expect(together[1].array == alone[0].array)
    let decoded = model.decode(together, on: ComputeDevice(threadCount: 2))
    #expect(decoded.shape == [2, 3, 8, 12, 3])
    #expect(decoded[1].array == model.decode(alone, on: ComputeDevice(threadCount: 1))[0].array)
  }

  @Test("decodes in chunks of any sizes to the bytes of the whole clip")
  func chunks() {
    let model = VideoAutoencoder(configuration: Self.configuration, seed: 3)
    let device = ComputeDevice(threadCount: 2)
    let latents = noise([2, 6, 2, 3, 3])
    let whole = model.decode(latents, on: device)
    for sizes in [[1, 1, 1, 1, 1, 1], [1, 5], [4, 1, 1], [6]] {
      let stream = VideoAutoencoder.DecodingStream(model, on: device)
      var start = 0
      var frames: [[Float]] = [[], []]
      for size in sizes {
        let chunk = Tensor.concatenating((0..<2).map { latents[$0].rows(start..<(start + size)) })
        let pixels = stream.decode(chunk.reshaped([2, size, 2, 3, 3]))
        for item in 0..<2 { frames[item] += pixels[item].array }
        start += size
      }
      #expect(frames == [whole[0].array, whole[1].array], "chunks of \(sizes)")
    }
  }

  @Test(
    "decodes frame by frame, in bands of any height, to the bytes of the whole clip", arguments: [1, 200_000, 1 << 30])
  func bands(bandByteCount: Int) {
    let configuration = AutoencoderConfiguration(
      baseChannels: 32, channelMultipliers: [1, 2, 2, 4], residualBlocks: 1, middleBlocks: 1,
      temporalDown: [false, true, true], groups: 32)
    let model = VideoAutoencoder(configuration: configuration, seed: 3)
    let device = ComputeDevice(threadCount: 2)
    let latents = noise([1, 3, 3, 4, 8])
    let whole = model.decode(latents, on: device)
    let bounded = model.decodeFrameByFrame(latents, on: device, bandByteCount: bandByteCount)
    #expect(bounded.shape == [1, 9, 24, 32, 3])
    #expect(bounded.array == whole.array)
  }

  @Test("decodes each clip of a batch, and one padded with its first frame, frame by frame to the same bytes")
  func boundedBatch() {
    var configuration = Self.configuration
    configuration.timePadding = .replicate
    let model = VideoAutoencoder(configuration: configuration, seed: 3)
    let device = ComputeDevice(threadCount: 2)
    let latents = noise([2, 4, 2, 3, 3])
    let whole = model.decode(latents, on: device)
    #expect(model.decodeFrameByFrame(latents, on: device).array == whole.array)
    #expect(model.decode(latents, on: device, activationLimit: 0).array == whole.array)
    #expect(model.decode(latents, on: device, activationLimit: .max).array == whole.array)
  }

  @Test("costs what the specification says, and needs little memory frame by frame")
  func costs() {
    func decoder(_ base: Int, _ blocks: Int, height: Int, width: Int) -> Double {
      let parts = AutoencoderConfiguration(
        baseChannels: base, channelMultipliers: [1, 2, 2, 4], residualBlocks: blocks, middleBlocks: blocks,
        temporalDown: [false, true, true], groups: 32
      ).parts(latentFrames: 5, height: height, width: width)
      return Double(parts.first { $0.name == "decoder" }?.cost.operations ?? 0)
    }
    // model.md section 14: 433 GFLOP, 10.8 TFLOP, 173 TFLOP.
    #expect((decoder(32, 2, height: 16, width: 28) / 1e9).rounded() == 433)
    #expect((decoder(128, 4, height: 16, width: 28) / 1e11).rounded() == 108)
    #expect((decoder(128, 4, height: 64, width: 112) / 1e12).rounded() == 173)
    let small = AutoencoderConfiguration(
      baseChannels: 32, channelMultipliers: [1, 2, 2, 4], residualBlocks: 2, middleBlocks: 2,
      temporalDown: [false, true, true], groups: 32)
    let whole = small.wholeDecodingByteCount(latentFrames: 5, height: 64, width: 112)
    let bounded = small.decodingByteCount(latentFrames: 5, height: 64, width: 112)
    #expect(whole > VideoAutoencoder.activationLimit && bounded < whole / 2)
    #expect(small.decodingByteCount(latentFrames: 5, height: 16, width: 28) < VideoAutoencoder.activationLimit)
  }

  @Test("normalises latents by its statistics, and back")
  func statistics() {
    let model = VideoAutoencoder(configuration: Self.configuration, seed: 3)
    model.setLatentStatistics(mean: [1, 2, 3], standardDeviation: [2, 4, 8])
    let latents = Tensor([3, 6, 11], shape: [1, 1, 1, 1, 3])
    #expect(model.normalize(latents).array == [1, 1, 1])
    #expect(model.denormalize(model.normalize(latents)).array == [3, 6, 11])
  }

  @Test("has gradients for all its weights but the statistics")
  func gradients() {
    let model = VideoAutoencoder(configuration: Self.configuration, seed: 3)
    let tape = Tape(device: ComputeDevice(threadCount: 2), recording: true)
    let pixels = noise([1, 3, 8, 8, 3])
    let restored = model.decode(model.encode(tape.constant(pixels), on: tape), on: tape)
    tape.backward(from: tape.meanSquaredError(restored, pixels, blockWeights: nil))
    let without = model.parameters.filter { tape.gradient(of: $0) == nil }.map(\.name)
    #expect(without == ["latent_mean", "latent_std"])
  }

  @Test("survives being written and read")
  func roundTrip() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("ae-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let model = VideoAutoencoder(configuration: Self.configuration, seed: 3)
    try model.store.document().write(to: folder.appendingPathComponent("model.safetensors").path)
    try Data(Self.configuration.json.utf8).write(to: folder.appendingPathComponent("config.json"))
    let again = try VideoAutoencoder(folder: folder)
    #expect(again.configuration == Self.configuration)
    #expect(again.parameters.map(\.value.array) == model.parameters.map(\.value.array))
  }

  @Test("counts the weights of the specification's table")
  func weightCounts() {
    func counts(_ base: Int, _ blocks: Int) -> [Double] {
      let specifications = AutoencoderConfiguration(
        baseChannels: base, channelMultipliers: [1, 2, 2, 4], residualBlocks: blocks, middleBlocks: blocks,
        temporalDown: [false, true, true], groups: 32
      ).specifications
      return ["encoder.", "decoder."].map { part in
        (Double(specifications.filter { $0.name.hasPrefix(part) }.weightCount) / 1e4).rounded() / 100
      }
    }
    #expect(counts(128, 4) == [144.58, 225.50])
    #expect(counts(128, 2) == [72.01, 152.93])
    #expect(counts(64, 2) == [18.01, 38.27])
    #expect(counts(32, 2) == [4.51, 9.59])
  }

  @Test("refuses groups that do not divide a level's channels, naming the key")
  func groups() throws {
    let json = Self.configuration.json.replacingOccurrences(of: "\"groups\":2", with: "\"groups\":3")
    #expect {
      _ = try AutoencoderConfiguration(ConfigurationObject(json: Data(json.utf8), file: "ae/config.json"))
    } throws: {
      "\($0)".hasPrefix("ae/config.json: groups is 3, which does not divide the 4 channels of level 0")
    }
  }

  @Test("pixels become bytes by rounding to the nearest, clamped, never trap, and come back")
  func bytes() {
    let pixels = Tensor([-2, -1, -0.999, 0, 1, 7, .nan, 1 - 1 / 127.5, .infinity, -.infinity], shape: [10])
    #expect(pixels.pixelBytes() == [0, 0, 0, 128, 255, 255, 0, 254, 255, 0])
    #expect(Tensor(pixelBytes: [0, 51, 255], shape: [3]).array == [-1, -0.6, 1])
  }
}
