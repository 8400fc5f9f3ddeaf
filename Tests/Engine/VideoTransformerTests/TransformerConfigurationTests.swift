import Autograd
import Foundation
import Kernels
import Layers
import Tensors
import Testing
import VideoTransformer
import Weights

@Suite("A denoiser's configuration")
struct TransformerConfigurationTests {
  /// W.A.L.T-L on 128×128 clips, class-conditional.
  private static func large(rank: Int = 2) -> TransformerConfiguration {
    TransformerConfiguration(
      frames: 5, size: .init(16, 16), channels: 8, patch: 1, layers: 24, hidden: 1024, heads: 16,
      spatiotemporalWindow: .init(8, 8), modulation: .lowRank(rank), classes: 101, hasFramePrediction: false)
  }

  private static func upsampler(patch: Int, layers: Int, hidden: Int) -> TransformerConfiguration {
    TransformerConfiguration(
      frames: 5, size: .init(16 * patch, 28 * patch), channels: 8, patch: patch, layers: layers, hidden: hidden,
      heads: 16, spatiotemporalWindow: .init(8, 14), textWidth: 2048, poolsText: false, lowResolutionChannels: 8)
  }

  /// In millions, to three digits after the point, as the specification's table prints them.
  private func millions(_ configuration: TransformerConfiguration) -> Double {
    (Double(configuration.specifications.weightCount) / 1e3).rounded() / 1e3
  }

  @Test("lists as many weights as the paper counts")
  func weightCounts() {
    #expect(
      [2, 4, 16, 64, 256].map { millions(Self.large(rank: $0)) } == [313.238, 313.582, 315.647, 323.904, 356.935])
    var separate = Self.large()
    separate.modulation = .separate
    #expect(millions(separate) == 457.739)
    var text = Self.large()
    (text.classes, text.textWidth, text.hasFramePrediction) = (0, 2048, true)
    #expect(millions(text) == 419.205)
    #expect(millions(Self.upsampler(patch: 2, layers: 40, hidden: 1408)) == 1296.458)
    #expect(millions(Self.upsampler(patch: 4, layers: 24, hidden: 1024)) == 418.661)
    let imageNet = TransformerConfiguration(
      frames: 1, size: .init(32, 32), channels: 8, patch: 1, layers: 24, hidden: 1024, heads: 16,
      spatiotemporalWindow: .init(8, 8), modulation: .separate, classes: 1000, hasFramePrediction: false)
    #expect(millions(imageNet) == 460.393)
  }

  @Test("is read back as it was written")
  func roundTrip() throws {
    var separate = Self.large()
    separate.modulation = .separate
    var full = Self.large()
    (full.hasFullAttention, full.spatiotemporalWindow) = (true, .init(16, 16))
    for configuration in [Self.large(), Self.upsampler(patch: 2, layers: 4, hidden: 64), separate, full] {
      let object = try ConfigurationObject(json: Data(configuration.json.utf8), file: "config.json")
      #expect(try TransformerConfiguration(object) == configuration)
    }
  }

  @Test(
    "is refused where it cannot be, naming file and key",
    arguments: [
      (#""heads":16"#, #""heads":15"#, "base/config.json: heads is 15, which does not divide hidden 1024"),
      (#""patch":1"#, #""patch":3"#, "base/config.json: patch is 3, which does not divide height 16"),
      (
        #""st_window":[8,8]"#, #""st_window":[8,5]"#,
        "base/config.json: st_window[1] is 5, which does not divide the width in tokens 16"
      ),
      (#""layers":24"#, #""layer":24"#, "base/config.json: layers is missing"),
      (
        #""layers":24"#, #""layers":24,"hiden":1"#,
        "base/config.json: hiden is not a known key; did you mean \"hidden\"?"
      ),
      (
        #""cross_window":"spatial""#, #""cross_window":"both""#,
        "base/config.json: cross_window is \"both\", allowed are \"spatial\", \"same\""
      ),
      (
        #""lr_channels":0"#, #""lr_channels":0,"attention":"full""#,
        "base/config.json: attention is \"full\", which needs st_window [16,16]"
      ),
      (#""lora","rank":2"#, #""lora""#, "base/config.json: rank is missing, which \"adaln\": \"lora\" needs"),
    ])
  func refusals(good: String, bad: String, message: String) throws {
    let json = Self.large().json.replacingOccurrences(of: good, with: bad)
    #expect {
      _ = try TransformerConfiguration(ConfigurationObject(json: Data(json.utf8), file: "base/config.json"))
    } throws: {
      "\($0)" == message
    }
  }

  @Test("with full attention lets every token see every other in its first layer; with windows it does not")
  func fullAttention() {
    for isFull in [true, false] {
      var configuration = TransformerConfiguration(
        frames: 3, size: .init(4, 4), channels: 2, patch: 1, layers: 1, hidden: 8, heads: 2,
        spatiotemporalWindow: .init(4, 4), hasSelfConditioning: false, hasFramePrediction: false)
      configuration.hasFullAttention = isFull
      // Every weight is drawn, also those that a new model begins with at zero.
      let store = ParameterStore(specifications: configuration.specifications) {
        NoiseStream(seed: 1, purpose: .initialWeights, item: UInt32($0.name.utf8.count)).normals(shape: $0.shape)
      }
      let model = VideoTransformer(configuration: configuration, store: store)
      func output(_ latents: Tensor) -> Tensor {
        let input = DenoiserInput(latents: latents, conditionOfItem: [DenoiserCondition(timestep: 10)])
        return model(input, text: nil, on: Tape(device: ComputeDevice(threadCount: 1), recording: false)).value
      }
      let latents = NoiseStream(seed: 1, purpose: .training(0)).normals(shape: [1, 3, 4, 4, 2])
      let changed = latents.copy()
      changed.pointer[changed.count - 1] += 1
      #expect((output(latents)[0][0].array != output(changed)[0][0].array) == isFull)
    }
  }

  @Test("makes a model that begins as no change at all, and learns in its output first")
  func initialisation() {
    let configuration = TransformerConfiguration(
      frames: 5, size: .init(4, 4), channels: 4, patch: 2, layers: 2, hidden: 16, heads: 2,
      spatiotemporalWindow: .init(2, 1), textWidth: 6, lowResolutionChannels: 2)
    let model = VideoTransformer(configuration: configuration, seed: 1)
    let noise = NoiseStream(seed: 1, purpose: .training(0))
    let tape = Tape(device: ComputeDevice(threadCount: 2), recording: true)
    let text = model.prepare(texts: noise.normals(shape: [3, 6]), ranges: [0..<3], on: tape)
    var input = DenoiserInput(
      latents: noise.normals(shape: [2, 5, 4, 4, 4]),
      conditionOfItem: [DenoiserCondition(timestep: 10, text: 0), DenoiserCondition(timestep: 999)])
    input.lowResolution = noise.normals(shape: [2, 5, 2, 2, 2])
    let velocity = model(input, text: text, on: tape)
    #expect(velocity.value.array.allSatisfy { $0 == 0 })
    tape.backward(from: tape.meanSquaredError(velocity, noise.normals(shape: velocity.shape), blockWeights: nil))
    let learning = model.parameters.filter { tape.gradient(of: $0)?.array.contains { $0 != 0 } ?? false }.map(\.name)
    #expect(learning == ["final.proj.weight", "final.proj.bias"])
  }
}
