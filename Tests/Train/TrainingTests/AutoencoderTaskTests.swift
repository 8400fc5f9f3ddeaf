import Autograd
import DurableFiles
import Foundation
import Kernels
import Tensors
import Testing
import VideoAutoencoder

@testable import Training

struct AutoencoderTaskTests {
  private static let configuration = """
    {"type":"walt-ae","in_channels":3,"latent_channels":4,"base_channels":8,"channel_mult":[1,2],"res_blocks":1,\
    "mid_blocks":1,"temporal_down":[true],"groups":1,"time_pad":"zero","kl":false}
    """
  private static let recipe = """
    kind = "autoencoder"
    model = "model"
    steps = 3
    measure_every = 1000
    statistics_scenes = 1
    latent_noise = 0.1
    [loss]
    object_weight = 4
    [optimizer]
    learning_rate = 1e-2
    [[crops]]
    frames = 1
    side = 16
    count = 2
    resolutions = [32]
    [[crops]]
    frames = 5
    side = 16
    count = 1
    resolutions = [16, 64]
    """

  private func withFolder(_ recipe: String = AutoencoderTaskTests.recipe, _ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.path + "/autoencoder-task-\(UUID().uuidString)"
    try DurableFile.makeFolder(folder + "/model")
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try DurableFile.replace(folder + "/model/config.json", with: Self.configuration)
    try DurableFile.replace(folder + "/recipe.toml", with: recipe)
    try body(folder)
  }

  private func task(in folder: String) throws -> (AutoencoderTask, RunRecipe) {
    let recipe = try Recipe(file: folder + "/recipe.toml")
    guard case .autoencoder(let model) = recipe.model else { throw TrainingError(.recipe, "not an autoencoder") }
    return (try AutoencoderTask(model, run: recipe.run, on: ComputeDevice(threadCount: 1)), recipe.run)
  }

  private func trained(in folder: String, threads: Int) throws -> [Float] {
    let (task, recipe) = try task(in: folder)
    let device = ComputeDevice(threadCount: threads)
    for step in 0..<recipe.steps {
      let tape = Tape(device: device, recording: true)
      tape.backward(from: try task.loss(of: task.batchMaker()(step), number: step, on: tape).loss)
      _ = try task.updater.update(gradients: task.updater.gradients(of: tape), step: step, on: device)
    }
    return task.model.parameters.flatMap { $0.value.array }
  }

  private static let small = "kind = \"autoencoder\"\nmodel = \"model\"\nsteps = 1\n"

  @Test(
    "crops that the autoencoder cannot encode, or the built-in world cannot draw, are refused",
    arguments: [
      "frames = 8\nside = 32", "frames = 5\nside = 33", "frames = 1\nside = 32\nresolutions = [32, 35]",
      "frames = 1\nside = 32\nresolutions = [96]", "frames = 1\nside = 1024",
    ])
  func refusesCrops(crops: String) throws {
    try withFolder(Self.small + "[[crops]]\ncount = 1\n" + crops) { folder in
      #expect { try task(in: folder) } throws: { ($0 as? TrainingError)?.code == .recipe }
    }
  }

  @Test("a cascade that no crops ask for is not looked at")
  func ignoresUnusedCascades() throws {
    let recipe = Self.small + "cascade = \"nowhere\"\n[[crops]]\nframes = 1\nside = 32\ncount = 1"
    try withFolder(recipe) { folder in
      let count = try task(in: folder).0.samplesPerBatch
      #expect(count == 1)
    }
  }

  @Test("training gives the same weights with one thread and with three")
  func isIndependentOfThreads() throws {
    try withFolder { folder in
      let one = try trained(in: folder, threads: 1)
      let three = try trained(in: folder, threads: 3)
      #expect(one == three)
    }
  }

  @Test("the object weighs more than the background, and nothing weighs less than 1")
  func weighsTheObject() throws {
    try withFolder { folder in
      let weights = try task(in: folder).0.batchMaker()(0)[0].weights.array
      #expect(weights.allSatisfy { (1...4).contains($0) })
      #expect(weights.contains { $0 > 3 } && weights.contains(1))
    }
  }

  @Test("exported weights load, and their statistics normalise latents")
  func exports() throws {
    try withFolder { folder in
      let (task, _) = try task(in: folder)
      let device = ComputeDevice(threadCount: 1)
      try task.export(to: folder + "/model", on: device)
      let loaded = try VideoAutoencoder(folder: URL(fileURLWithPath: folder + "/model"))
      #expect(loaded.store["latent_std"].value.array.allSatisfy { $0 > 0 && $0 != 1 })
    }
  }

  @Test("errors count more on the object, where it passes and just beside, in every frame alike")
  func objectWeights() {
    // A pixel that moves two columns to the right in two frames of 8 × 12.
    let mask = Tensor(zeros: [2, 8, 12, 3])
    for (frame, column) in [(0, 4), (1, 6)] {
      for channel in 0..<3 { mask.pointer[((frame * 8 + 3) * 12 + column) * 3 + channel] = 1 }
    }
    let weights = ObjectWeights.of(mask: mask, highest: 5)
    #expect(weights.shape == mask.shape)
    for frame in 0..<2 {
      for row in 0..<8 {
        for column in 0..<12 {
          let isNear = (1...5).contains(row) && (2...8).contains(column)
          #expect(weights.pointer[((frame * 8 + row) * 12 + column) * 3 + 1] == (isNear ? 5 : 1), "\(row) \(column)")
        }
      }
    }
  }
}
