import Autograd
import DurableFiles
import Foundation
import Kernels
import Layers
import Tensors
import Testing
import VideoAutoencoder
import VideoPipeline
import VideoTransformer
import Weights

@testable import Training

/// A folder that goes when the test ends.
private final class TestFolder {
  let path = FileManager.default.temporaryDirectory.appending(path: "models-\(UUID().uuidString)").path
  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a denoiser whose weights are all drawn, also those that begin at zero.
  func write(_ configuration: TransformerConfiguration, to name: String, as type: FloatType = .float32) throws {
    try ModelFolderWriter(folder: "\(path)/\(name)").write(
      configuration.specifications, json: configuration.json
    ) { _ in
      type
    } value: { weight in
      NoiseStream(seed: weight.name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) }, purpose: .training(0))
        .normals(shape: weight.shape).map { 0.3 * $0 }
    }
  }

  func denoiser(_ name: String) throws -> VideoTransformer {
    try VideoTransformer(folder: URL(fileURLWithPath: "\(path)/\(name)"))
  }
}

private let device = ComputeDevice(threadCount: 2)

@Suite("A model that is written anew")
struct ModelInitializationTests {
  @Test("is the model that training begins with, in any type", arguments: FloatType.allCases)
  func initialModel(type: FloatType) throws {
    let folder = TestFolder()
    let configuration = TransformerConfiguration(
      frames: 3, size: .init(4, 4), channels: 2, patch: 1, layers: 2, hidden: 8, heads: 2,
      spatiotemporalWindow: .init(2, 2), textWidth: 4)
    try ModelConfiguration.denoiser(configuration).writeInitialModel(to: "\(folder.path)/new", as: type, seed: 5)
    let written = try folder.denoiser("new")
    #expect(written.configuration == configuration)
    #expect(try StoredWeights.type(in: "\(folder.path)/new") == type)
    // Half a unit in the last of bfloat16's 8 bits.
    let tolerance: Float = type == .float32 ? 0 : 1 / 256
    for parameter in VideoTransformer(configuration: configuration, seed: 5).parameters {
      let differences = zip(parameter.value.array, written.store[parameter.name].value.array).map {
        abs($0 - $1) - tolerance * abs($0)
      }
      // Numbers below float16's smallest are rounded to a multiple of 2⁻²⁴.
      #expect(differences.allSatisfy { $0 <= (type == .float32 ? 0 : 0x1p-24) }, "\(parameter.name)")
    }
  }

  @Test("can be an autoencoder, and never takes the place of another model")
  func autoencoder() throws {
    let folder = TestFolder()
    let configuration = AutoencoderConfiguration(
      baseChannels: 4, channelMultipliers: [1, 2], residualBlocks: 1, middleBlocks: 0, temporalDown: [true], groups: 2)
    let model = ModelConfiguration.autoencoder(configuration)
    try model.writeInitialModel(to: folder.path, as: .float32, seed: 1)
    #expect(try VideoAutoencoder(folder: URL(fileURLWithPath: folder.path)).configuration == configuration)
    #expect { try model.writeInitialModel(to: folder.path, as: .float32, seed: 2) } throws: {
      "\($0)".contains("it holds model.safetensors already; choose another folder or remove it")
    }
  }
}

@Suite("A model that is reshaped")
struct ReshapeTests {
  private static let square = TransformerConfiguration(
    frames: 3, size: .init(8, 8), channels: 2, patch: 1, layers: 2, hidden: 8, heads: 2,
    spatiotemporalWindow: .init(4, 4), textWidth: 4)

  @Test("from 8×8 tokens with windows of 4×4 has 8×14 with 4×7, and the weights of the engine's conversion")
  func denoiser() throws {
    let folder = TestFolder()
    try folder.write(Self.square, to: "square", as: .float16)
    try ModelConversion.reshape(
      "\(folder.path)/square", to: "\(folder.path)/wide", shape: .init(size: .init(8, 14)))
    let wide = try folder.denoiser("wide")
    #expect(wide.configuration.spatialWindow == .init(8, 14) && wide.configuration.spatiotemporalWindow == .init(4, 7))
    let expected = try #require(try folder.denoiser("square").resized(to: .init(8, 14)))
    for parameter in expected.parameters {
      #expect(wide.store[parameter.name].value.array == parameter.value.map { Float(Float16($0)) }.array)
    }
  }

  @Test("with windows of its own has these; where they do not fit it says what does not")
  func windows() throws {
    let folder = TestFolder()
    try folder.write(Self.square, to: "square")
    let square = "\(folder.path)/square"
    try ModelConversion.reshape(
      square, to: "\(folder.path)/wide", shape: .init(size: .init(8, 14), window: .init(8, 14)))
    #expect(try folder.denoiser("wide").configuration.spatiotemporalWindow == .init(8, 14))
    #expect {
      try ModelConversion.reshape(square, to: "\(folder.path)/odd", shape: .init(size: .init(8, 15)))
    } throws: {
      "\($0)".contains("8×8 latent pixels in patches of 1 with windows of 4×4 tokens do not become 8×15 in whole")
    }
  }

  @Test("is refused where its weights are not those of its configuration, and nothing is written")
  func otherConfiguration() throws {
    let folder = TestFolder()
    try folder.write(Self.square, to: "square")
    var other = Self.square
    (other.size, other.spatialWindow) = (.init(8, 16), .init(8, 16))
    try DurableFile.replace("\(folder.path)/square/config.json", with: other.json)
    let error = #expect(throws: WeightsError.self) {
      try ModelConversion.reshape(
        "\(folder.path)/square", to: "\(folder.path)/wide", shape: .init(size: .init(8, 32)))
    }
    #expect(error?.code == .wrongShape)
    #expect(!DurableFile.exists("\(folder.path)/wide"))
  }

  @Test("as a pipeline has every stage converted in its ratio, and the rest as it was")
  func pipeline() throws {
    let folder = TestFolder()
    let source = "\(folder.path)/source"
    var upsampler = Self.square
    (upsampler.size, upsampler.patch, upsampler.lowResolutionChannels) = (.init(16, 16), 2, 2)
    try folder.write(Self.square, to: "source/base")
    try folder.write(upsampler, to: "source/sr1")
    let autoencoder = AutoencoderConfiguration(
      baseChannels: 4, channelMultipliers: [1, 2], residualBlocks: 1, middleBlocks: 0, temporalDown: [true], groups: 2,
      latentChannels: 2)
    try ModelConfiguration.autoencoder(autoencoder).writeInitialModel(to: "\(source)/ae", as: .float32, seed: 1)
    let json = """
      {"type":"walt-pipeline","stages":[{"model":"base","autoencoder":"ae","guidance":2},\
      {"model":"sr1","autoencoder":"ae"}]}
      """
    try DurableFile.replace("\(source)/pipeline.json", with: json)
    try ModelConversion.reshape(source, to: "\(folder.path)/wide", shape: .init(size: .init(8, 14)))
    let wide = try VideoModel(folder: URL(fileURLWithPath: "\(folder.path)/wide"))
    #expect(try wide.denoiser(stage: 0).configuration.size == .init(8, 14))
    #expect(try wide.denoiser(stage: 1).configuration.size == .init(16, 28))
    #expect(try wide.denoiser(stage: 1).configuration.spatiotemporalWindow == .init(4, 7))
    #expect(try wide.autoencoder(stage: 1).configuration == autoencoder)
  }
}

@Suite("An image model with layers in space and time between its own")
struct InterleavingTests {
  private static func imageModel(_ modulation: TransformerConfiguration.Modulation) -> TransformerConfiguration {
    TransformerConfiguration(
      frames: 1, size: .init(4, 4), channels: 2, patch: 1, layers: 2, hidden: 8, heads: 2,
      spatiotemporalWindow: .init(2, 2), modulation: modulation, classes: 3, textWidth: 4, hasFramePrediction: false)
  }

  @Test(
    "makes of images what it made before, bit for bit",
    arguments: [TransformerConfiguration.Modulation.lowRank(2), .separate])
  func images(modulation: TransformerConfiguration.Modulation) throws {
    let folder = TestFolder()
    try folder.write(Self.imageModel(modulation), to: "images")
    try ModelConversion.interleave(
      "\(folder.path)/images", to: "\(folder.path)/videos", frames: 3, window: .init(2, 4), seed: 1)
    let (images, videos) = (try folder.denoiser("images"), try folder.denoiser("videos"))
    #expect(videos.configuration.layers == 4 && videos.configuration.frames == 3)
    #expect(videos.configuration.spatiotemporalWindow == .init(2, 4))
    func output(_ model: VideoTransformer) -> [Float] {
      let noise = NoiseStream(seed: 3, purpose: .training(0))
      let tape = Tape(device: device, recording: false)
      let text = model.prepare(texts: noise.normals(shape: [3, 4]), ranges: [0..<3], on: tape)
      let input = DenoiserInput(
        latents: noise.normals(shape: [2, 1, 4, 4, 2]),
        conditionOfItem: [DenoiserCondition(timestep: 10, classLabel: 1, text: 0), DenoiserCondition(timestep: 800)])
      return model(input, text: text, on: tape).value.array
    }
    #expect(output(videos) == output(images))
    #expect(output(images).contains { $0 != 0 })
  }

  @Test("learns in its new layers from the first step on")
  func learns() throws {
    let folder = TestFolder()
    try folder.write(Self.imageModel(.lowRank(2)), to: "images")
    try ModelConversion.interleave(
      "\(folder.path)/images", to: "\(folder.path)/videos", frames: 3, window: .init(2, 2), seed: 1)
    let model = try folder.denoiser("videos")
    let tape = Tape(device: device, recording: true)
    let noise = NoiseStream(seed: 3, purpose: .training(0))
    let input = DenoiserInput(
      latents: noise.normals(shape: [1, 3, 4, 4, 2]), conditionOfItem: [DenoiserCondition(timestep: 10)])
    let velocity = model(input, text: model.prepare(texts: nil, ranges: [], on: tape), on: tape)
    tape.backward(from: tape.meanSquaredError(velocity, noise.normals(shape: velocity.shape), blockWeights: nil))
    for name in ["attn.proj.weight", "cross.proj.weight", "mlp.fc2.weight"] {
      let gradient = try #require(tape.gradient(of: model.store["layers.1.\(name)"]))
      #expect(gradient.array.contains { $0 != 0 }, "\(name)")
    }
  }

  @Test("cannot be made of a video model")
  func refusal() throws {
    let folder = TestFolder()
    var video = Self.imageModel(.lowRank(2))
    video.frames = 3
    try folder.write(video, to: "videos")
    #expect {
      try ModelConversion.interleave(
        "\(folder.path)/videos", to: "\(folder.path)/more", frames: 5, window: .init(2, 2), seed: 1)
    } throws: {
      "\($0)".contains("it makes 3 latent frames of 4×4 tokens; an image model (1 frame)")
    }
  }
}

@Suite("Windows compared with full attention")
struct WindowBenchmarkTests {
  @Test("are a quarter, a half and the whole of the frame, then every layer over the whole clip")
  func variants() {
    let benchmark = WindowBenchmark(
      TransformerConfiguration(
        frames: 3, size: .init(8, 8), channels: 2, patch: 1, layers: 2, hidden: 8, heads: 2,
        spatiotemporalWindow: .init(4, 4), hasFramePrediction: false))
    #expect(benchmark.variants.map(\.name) == ["3×2×2", "3×4×4", "3×8×8", "full"])
    let operations = benchmark.variants.map(\.cost.operations)
    #expect(operations == operations.sorted() && Set(operations).count == 4)
    let lines = benchmark.run(passes: 1, on: device).markdown.split(separator: "\n")
    #expect(lines.count == 6 && lines[5].hasPrefix("| full | ") && lines[5].hasSuffix(" | 1 | 1 | 1 |"))
  }
}
