import Autograd
import DurableFiles
import Foundation
import Kernels
import Tensors
import Testing
import VideoAutoencoder
import VideoPipeline
import Weights

@testable import Training

/// A decoder that learns from what upsamplers make, with the demo's cascade.
struct UpsampledLatentsTests {
  private static let demo = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../../configs/models/demo").standardized.path

  private func task(side: Int = 64, start: String = UpsampledLatentsTests.demo + "/ae") throws -> AutoencoderTask {
    let path = FileManager.default.temporaryDirectory.path + "/upsampled-\(UUID().uuidString).toml"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try DurableFile.replace(
      path,
      with: """
        kind = "autoencoder"
        model = "\(Self.demo)/ae"
        start = "\(start)"
        cascade = "\(Self.demo)"
        train = "decoder"
        steps = 1
        latent_noise = 0.5
        [[crops]]
        frames = 5
        side = \(side)
        count = 2
        latents = "upsampled"
        """)
    let recipe = try Recipe(file: path)
    guard case .autoencoder(let model) = recipe.model else { throw TrainingError(.recipe, "not an autoencoder") }
    return try AutoencoderTask(model, run: recipe.run, on: ComputeDevice(threadCount: 2))
  }

  @Test("the decoder is given what the cascade makes of the same clip, with nothing added")
  func decodesWhatTheCascadeMakes() throws {
    let task = try task()
    let device = ComputeDevice(threadCount: 2)
    let batch = try task.batchMaker()(3)
    #expect(batch[0].frames.shape == [2, 5, 64, 64, 3])
    let tape = Tape(device: device, recording: false)
    let reported = try task.loss(of: batch, number: 3, on: tape).parts["psnr 5×64 upsampled"]

    let model = try VideoModel(folder: URL(fileURLWithPath: Self.demo))
    let maker = try ClipMaker(
      model: model, sampling: Array(model.configuration.defaultSampling.prefix(2)), firstStage: 1, on: device)
    var clips: [Tensor] = []
    try maker.make(batch[0].upsampling) { clips.append($1.rows(0..<5)) }
    let made = Tensor.stacking(clips)
    let quality = ReconstructionQuality.psnr(batch[0].frames, made)
    #expect(abs(try #require(reported) - quality) < 0.01)
    #expect(quality > 20, "the clips are those of the frames")
  }

  @Test("gradients reach the decoder alone")
  func trainsTheDecoder() throws {
    let task = try task()
    let tape = Tape(device: ComputeDevice(threadCount: 2), recording: true)
    tape.backward(from: try task.loss(of: task.batchMaker()(0), number: 0, on: tape).loss)
    let before = task.model.store["encoder.conv_in.weight"].value.array
    _ = try task.updater.update(gradients: task.updater.gradients(of: tape), step: 0, on: tape.device)
    #expect(task.model.store["encoder.conv_in.weight"].value.array == before)
  }

  @Test("a cascade of latents with other statistics than the decoder's is refused")
  func refusesOtherLatents() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/other-latents-\(UUID().uuidString)"
    try DurableFile.makeFolder(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let model = try VideoAutoencoder(folder: URL(fileURLWithPath: Self.demo + "/ae"))
    let deviation = model.store["latent_std"].value.array
    model.setLatentStatistics(
      mean: model.store["latent_mean"].value.array, standardDeviation: deviation.map { 2 * $0 })
    try model.store.document(as: .float16).write(to: folder + "/model.safetensors")
    #expect { try task(start: folder) } throws: {
      ($0 as? TrainingError)?.code == .recipe && "\($0)".contains("another autoencoder")
    }
  }

  @Test("a size that no upsampler makes is refused")
  func refusesOtherSizes() {
    #expect { try task(side: 48) } throws: { ($0 as? TrainingError)?.code == .recipe }
  }
}
