import ArgumentParser
import Evaluation
import Foundation
import MediaIO
import Training
import VideoPipeline

/// `walt-train sample PROMPT…`
struct SampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample", abstract: "Make clips of prompts and lay them out on a sheet of frames.",
    discussion: "Without prompts, the first of the judge's are taken.")

  @OptionGroup var sampling: SamplingOptions
  @Argument(help: "Prompts.") var prompts: [String] = []
  @Option(help: "How many of the judge's prompts, where none are given.") var count = 12
  @Option(help: "The seed of the first prompt; the following have the next ones.") var seed: UInt64 = 1
  @Option(help: "The picture to write.") var output = "sheet.png"

  func run() throws {
    let maker = try sampling.maker()
    let requests =
      prompts.isEmpty
      ? JudgePrompts.stageA(count: count).map { ClipMaker.Request(prompt: $0.prompt, seed: $0.seed) }
      : prompts.enumerated().map { ClipMaker.Request(prompt: $1, seed: seed &+ UInt64($0)) }
    var clips: [RGBFrames] = []
    try maker.make(requests) { _, pixels in
      let clip = RGBFrames(pixels)
      clips.append(clip.enlarged(by: max(1, 128 / clip.width)))
    }
    let sheet = ContactSheet(framesPerClip: sampling.images ? 1 : 5, clipsPerRow: sampling.images ? 8 : 2)
    try sheet.write(clips, labels: requests.map(\.prompt), to: output)
    print(output)
  }

  func validate() throws {
    guard count > 0 else { throw ValidationError("--count is \(count), allowed are 1 and more") }
  }
}

/// With which model, and how, clips are made.
struct SamplingOptions: ParsableArguments {
  @Option(help: "The model folder.") var model = "configs/models/demo"
  @Option(help: "How many stages: 1 for the base alone.") var stages: Int?
  @Option(help: "Sampling steps of every stage.") var steps: Int?
  @Option(help: "Guidance scale of the base.") var guidance: Double?
  @Flag(help: "Make single images.") var images = false
  @Option(help: "Clips that are made together.") var batch = 8
  @OptionGroup var compute: ComputeOptions

  func validate() throws {
    guard (1...1024).contains(batch) else { throw ValidationError("--batch is \(batch), allowed are 1 to 1024") }
    guard steps ?? 1 > 0, stages ?? 1 > 0 else { throw ValidationError("--steps and --stages must be above 0") }
  }

  /// - Parameter firstStage: the first that is sampled.
  func maker(firstStage: Int = 0) throws -> ClipMaker {
    let model = try VideoModel(folder: URL(fileURLWithPath: model))
    var stages = model.configuration.defaultSampling
    stages = Array(stages.prefix(max(1, self.stages ?? stages.count)))
    if let steps {
      let timesteps = model.configuration.diffusion.steps
      guard steps <= timesteps else {
        throw ValidationError("--steps is \(steps), the model allows 1 to \(timesteps)")
      }
      for index in stages.indices { stages[index].stepCount = steps }
    }
    if let guidance { stages[0].guidance = .constant(guidance) }
    guard (0...stages.count).contains(firstStage) else {
      throw ValidationError("--true-stages \(firstStage): the clips have \(stages.count) stages")
    }
    return try ClipMaker(
      model: model, sampling: stages, firstStage: firstStage, frameCount: images ? 1 : 17, batchSize: batch,
      on: compute.device)
  }
}
