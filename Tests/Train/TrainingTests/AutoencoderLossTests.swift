import Autograd
import DurableFiles
import Foundation
import Kernels
import Tensors
import Testing
import Weights

@testable import Training

struct AutoencoderLossTests {
  private let device = ComputeDevice(threadCount: 2)

  /// LPIPS and its gradient by PyTorch (EvaluationTests/Fixtures/make_goldens.py).
  private struct Golden: Decodable {
    let distance: Float
    let gradient: [Float]
  }

  /// Uniforms that follow from a name.
  private func uniforms(_ name: String, _ shape: [Int], _ low: Double, _ high: Double) -> Tensor {
    let hash = name.utf8.reduce(UInt32(0x811C_9DC5)) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    return NoiseStream(seed: 0, purpose: .initialWeights, item: hash).uniforms(shape: shape, low: low, high: high)
  }

  private func writeVGG(to path: String) throws {
    var document = SafetensorsDocument()
    var inputs = 3
    let layout = [([0, 2], 64), ([5, 7], 128), ([10, 12, 14], 256), ([17, 19, 21], 512), ([24, 26, 28], 512)]
    for (stage, (places, channels)) in layout.enumerated() {
      for place in places {
        let bound = (6 / Double(inputs * 9)).squareRoot()
        let name = "features.\(place)"
        document.add("\(name).weight", uniforms("\(name).weight", [channels, inputs, 3, 3], -bound, bound))
        document.add("\(name).bias", uniforms("\(name).bias", [channels], -0.2, 0.2))
        inputs = channels
      }
      let name = "lin\(stage).model.1.weight"
      document.add(name, uniforms(name, [1, channels, 1, 1], 0, 1))
    }
    try document.write(to: path)
  }

  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.path + "/autoencoder-loss-\(UUID().uuidString)"
    try DurableFile.makeFolder(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  @Test("with VGG's weights the perceptual loss is LPIPS, and so is its gradient")
  func equalsLPIPS() throws {
    let file = try #require(Bundle.module.url(forResource: "Fixtures/perceptual", withExtension: "json"))
    let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
    try withFolder { folder in
      try writeVGG(to: folder + "/vgg.safetensors")
      let loss = try PerceptualLoss(vgg: folder + "/vgg.safetensors")
      let tape = Tape(device: device, recording: true)
      let output = tape.leaf(uniforms("output", [2, 3, 32, 36, 3], -1, 1))
      let distance = loss(output, uniforms("target", [2, 3, 32, 36, 3], -1, 1), on: tape)
      #expect(abs(distance.value.scalar - golden.distance) < 1e-4 * golden.distance)
      tape.backward(from: distance)
      let gradient = try #require(tape.gradient(of: output)).array
      let largest = golden.gradient.map(abs).max() ?? 0
      for (index, wanted) in golden.gradient.enumerated() {
        #expect(abs(gradient[211 * index] - wanted) < 1e-3 * largest, "element \(211 * index)")
      }
    }
  }

  @Test("without weights the loss is 0 for equal clips only, and falls as a picture is mended")
  func drawnPerceptualLoss() {
    let loss = PerceptualLoss(seed: 1)
    let tape = Tape(device: device, recording: false)
    let target = uniforms("target", [1, 2, 16, 16, 3], -1, 1)
    let noise = uniforms("noise", [1, 2, 16, 16, 3], -1, 1)
    func distance(_ share: Float) -> Float {
      let mixed = Tensor(
        zip(target.array, noise.array).map { (value: Float, other: Float) -> Float in value + share * other },
        shape: target.shape)
      return loss(tape.constant(mixed), target, on: tape).value.scalar
    }
    #expect(distance(0) == 0)
    #expect(0 < distance(0.1) && distance(0.1) < distance(0.5) && distance(0.5) < distance(1))
  }

  @Test("the discriminator's weights learn from its own loss only, the clip from the autoencoder's only")
  func separatesTheGame() throws {
    let adversarial = AdversarialLoss(channels: 4, penalty: 1, seed: 1)
    let real = uniforms("real", [1, 5, 16, 16, 3], -1, 1)
    let invented = uniforms("invented", [1, 5, 16, 16, 3], -1, 1)
    let tape = Tape(device: device, recording: true)
    let output = tape.leaf(invented)
    tape.backward(from: adversarial.autoencoderLoss(output, on: tape))
    #expect(tape.gradient(of: output) != nil)
    #expect(adversarial.discriminator.parameters.allSatisfy { tape.gradient(of: $0) == nil })
    let other = Tape(device: device, recording: true)
    let loss = adversarial.discriminatorLoss(real: real, output: invented, stream: (0, 0), on: other)
    other.backward(from: loss)
    #expect(adversarial.discriminator.parameters.allSatisfy { other.gradient(of: $0) != nil })
  }

  @Test("a few updates let the discriminator tell noise from a flat picture")
  func learnsToTell() throws {
    let adversarial = AdversarialLoss(channels: 4, penalty: 0.1, seed: 1)
    let real = Tensor(repeating: 0.5, shape: [2, 1, 16, 16, 3])
    let invented = uniforms("invented", [2, 1, 16, 16, 3], -1, 1)
    let updater = WeightUpdater(
      adversarial.discriminator.parameters,
      recipe: OptimizerRecipe(rate: LearningRate(peak: 2e-3, shape: .constant, warmUpSteps: 0, totalSteps: 60)))
    var losses: [Float] = []
    for step in 0..<60 {
      let tape = Tape(device: device, recording: true)
      let loss = adversarial.discriminatorLoss(real: real, output: invented, stream: (step, 0), on: tape)
      losses.append(loss.value.scalar)
      tape.backward(from: loss)
      _ = try updater.update(gradients: updater.gradients(of: tape), step: step, on: device)
    }
    #expect(losses[59] < 0.5 * losses[0])
  }

  // With the task ------------------------------------------------------------------------------------------------------

  private static let recipe = """
    kind = "autoencoder"
    model = "model"
    steps = 4
    measure_every = 1000
    statistics_scenes = 1
    [loss]
    perceptual = 0.1
    adversarial = 0.1
    adversarial_from = 2
    discriminator_channels = 4
    gradient_penalty = 1
    kl = 1e-3
    [[crops]]
    frames = 5
    side = 16
    count = 1
    resolutions = [32]
    """

  private func withRun(_ body: (String) throws -> Void) throws {
    try withFolder { folder in
      try DurableFile.makeFolder(folder + "/model")
      try DurableFile.replace(
        folder + "/model/config.json",
        with: """
          {"type":"walt-ae","in_channels":3,"latent_channels":4,"base_channels":8,"channel_mult":[1,2],"res_blocks":1,\
          "mid_blocks":1,"temporal_down":[true],"groups":1,"time_pad":"zero","kl":true}
          """)
      try DurableFile.replace(folder + "/recipe.toml", with: Self.recipe)
      try body(folder)
    }
  }

  private func task(in folder: String) throws -> (AutoencoderTask, RunRecipe) {
    let recipe = try Recipe(file: folder + "/recipe.toml")
    guard case .autoencoder(let model) = recipe.model else { throw TrainingError(.recipe, "not an autoencoder") }
    return (try AutoencoderTask(model, run: recipe.run, on: ComputeDevice(threadCount: 1)), recipe.run)
  }

  @Test("every term is in the loss from its step on, and the exported model has no discriminator")
  func usesAllTerms() throws {
    try withRun { folder in
      let (task, _) = try task(in: folder)
      func parts(_ step: Int) throws -> Set<String> {
        let tape = Tape(device: device, recording: true)
        let loss = try task.loss(of: task.batchMaker()(step), number: step, on: tape)
        tape.backward(from: loss.loss)
        #expect(loss.loss.value.scalar.isFinite)
        return Set(loss.parts.keys.filter { !$0.hasPrefix("psnr") })
      }
      #expect(try parts(0) == ["kl", "perceptual"])
      #expect(try parts(2) == ["kl", "perceptual", "adversarial", "discriminator"])
      try task.export(to: folder + "/model", on: device)
      let file = try SafetensorsFile(path: folder + "/model/model.safetensors")
      #expect(!file.names.contains { $0.hasPrefix("discriminator") })
    }
  }

  @Test("a run with every term, stopped after every step, ends with the same weights as one that never stopped")
  func resumesBitForBit() throws {
    try withRun { folder in
      func trained(_ work: String, sittings: Duration?) throws -> [Float] {
        while true {
          let (task, recipe) = try task(in: folder)
          var options = RunOptions(workFolder: folder + "/" + work)
          options.limit = sittings
          let run = try TrainingRun(task, recipe: recipe, on: device, options: options)
          try run.resume()
          guard try run.train(until: StopRequest()) else { continue }
          let tensors = task.updater.tensors
          return tensors.keys.sorted().flatMap { tensors[$0]?.array ?? [] }
        }
      }
      let whole = try trained("whole", sittings: nil)
      let pieces = try trained("pieces", sittings: .zero)
      #expect(whole == pieces)
    }
  }
}
