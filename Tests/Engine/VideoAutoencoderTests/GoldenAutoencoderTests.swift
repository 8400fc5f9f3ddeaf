import Autograd
import Kernels
import Layers
import Tensors
import Testing
import VideoAutoencoder

/// The tolerances are those of the fixtures: 2e-5 of the root mean square, or 20 times the error of another float32
/// implementation.
@Suite("The autoencoder, against golden values")
struct GoldenAutoencoderTests {
  private static let models = ["ae", "ae_replicate_kl", "ae_image"]
  private static let videoModels = ["ae", "ae_replicate_kl"]
  private let device = ComputeDevice(threadCount: 2)

  private func model(_ golden: GoldenFile) throws -> VideoAutoencoder {
    let configuration = try AutoencoderConfiguration(golden.configuration())
    let store = try ParameterStore(
      loading: [golden.file], specifications: configuration.specifications, prefix: "w/")
    return VideoAutoencoder(configuration: configuration, store: store)
  }

  @Test("encodes pixels to normalised latents, and to means and log variances", arguments: models)
  func encodes(name: String) throws {
    let golden = try GoldenFile(name)
    let model = try model(golden)
    let pixels = try golden.input("encode/in/x")
    try golden.expect(model.encode(pixels, on: device), equals: "z", of: "encode")
    let tape = Tape(device: device, recording: false)
    let moments = model.moments(model.encode(tape.constant(pixels), on: tape).value)
    try golden.expect(moments.mean, equals: "mean", of: "encode")
    #expect((moments.logVariance != nil) == model.configuration.isVariational)
    if let logVariance = moments.logVariance { try golden.expect(logVariance, equals: "logvar", of: "encode") }
  }

  @Test("encodes the first frames of a clip as if no others followed", arguments: videoModels)
  func causal(name: String) throws {
    let golden = try GoldenFile(name)
    let pixels = try golden.input("encode/in/x")
    let firstFive = pixels[0].rows(0..<5).reshaped([1, 5] + pixels.shape[2...])
    try golden.expect(try model(golden).encode(firstFive, on: device), equals: "z_first5", of: "encode")
  }

  @Test("decodes normalised latents to pixels and bytes", arguments: models)
  func decodes(name: String) throws {
    let golden = try GoldenFile(name)
    let pixels = try model(golden).decode(golden.input("decode/in/z"), on: device)
    try golden.expect(pixels, equals: "x", of: "decode")
    let last = pixels[0].rows((pixels.shape[1] - 1)..<pixels.shape[1])
    let expected = try golden.file.bytes("decode/out/bytes")
    // ±1 where the float is near a rounding boundary.
    #expect(zip(last.pixelBytes(), expected).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
  }

  @Test("decodes a clip chunk by chunk", arguments: videoModels)
  func decodesChunks(name: String) throws {
    let golden = try GoldenFile(name)
    let stream = try VideoAutoencoder.DecodingStream(model(golden), on: device)
    let latents = try golden.input("decode_chunks/in/z")[0]
    var frames: [Tensor] = []
    for range in [0..<2, 2..<3, 3..<5] {
      frames.append(stream.decode(latents.rows(range).reshaped([1, range.count] + latents.shape[1...]))[0])
    }
    #expect(frames.map { $0.shape[0] } == [5, 4, 8])
    let clip = Tensor.concatenating(frames)
    try golden.expect(clip.rows(13..<17).reshaped([1, 4] + clip.shape[1...]), equals: "x_last4", of: "decode_chunks")
  }

  @Test("encodes a clip chunk by chunk", arguments: videoModels)
  func encodesChunks(name: String) throws {
    let golden = try GoldenFile(name)
    let stream = try VideoAutoencoder.EncodingStream(model(golden), on: device)
    let pixels = try golden.input("encode_chunks/in/x")[0]
    var latents: [Tensor] = []
    for range in [0..<1, 1..<5, 5..<13] {
      latents.append(stream.encode(pixels.rows(range).reshaped([1, range.count] + pixels.shape[1...]))[0])
    }
    let clip = Tensor.concatenating(latents)
    try golden.expect(clip.reshaped([1] + clip.shape), equals: "z", of: "encode_chunks")
  }
}
