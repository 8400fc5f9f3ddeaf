import ArgumentParser
import Datasets
import Evaluation
import Foundation
import Kernels
import MediaIO
import Tensors
import Training
import VideoAutoencoder

/// `walt-train evaluate WHAT …`
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Measure generated clips and pictures, reconstructions and predictions.",
    discussion: """
      Data sets are folders with metadata.jsonl, folders of WebDataset shards, shards, or folders of videos and \
      pictures. docs/evaluation.md has the paper's protocols as commands.
      """,
    subcommands: [
      FVDCommand.self, FIDCommand.self, InceptionScoreCommand.self, LatentDistanceCommand.self, SimilarityCommand.self,
      ReconstructionCommand.self, PredictionCommand.self,
    ])
}

/// Prints a result as one line of JSON.
func printJSON(_ value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  print(String(decoding: try encoder.encode(value), as: UTF8.self))
}

/// A distance under its name.
private struct DistanceResult: Encodable {
  let measure: String
  let value: Double
  let real: Int
  let generated: Int
}

/// Two data sets that are compared.
struct ComparedSets: ParsableArguments {
  @Argument(help: "The data set of real samples.") var real: String
  @Argument(help: "The data set of generated samples.") var generated: String
}

/// `walt-train evaluate fvd REAL GENERATED`
struct FVDCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fvd", abstract: "Fréchet video distance: of I3D's logits.")

  @OptionGroup var sets: ComparedSets
  @OptionGroup var options: EvaluationOptions
  @OptionGroup var samples: SampleOptions
  @OptionGroup var clips: ClipOptions
  @Option(help: "I3D's weights as safetensors (docs/evaluation.md says under which names).") var features: String

  func run() throws {
    let network = try I3D(path: features, on: options.featureDevice())
    func fit(_ path: String) throws -> GaussianFit {
      try options.samples(path, .video, frameCount: clips.frames, seed: samples.seed)
        .fit(dimension: I3D.featureCount, batchSize: samples.batch, features: network.features)
    }
    let (real, generated) = (try fit(sets.real), try fit(sets.generated))
    try printJSON(
      DistanceResult(
        measure: "FVD", value: FrechetDistance.between(real, generated), real: real.count, generated: generated.count))
  }
}

/// `walt-train evaluate fid REAL GENERATED`
struct FIDCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fid", abstract: "Fréchet inception distance: of Inception-v3's features.",
    discussion: "Of data sets without pictures the middle frames of clips are taken.")

  @OptionGroup var sets: ComparedSets
  @OptionGroup var options: EvaluationOptions
  @OptionGroup var samples: SampleOptions
  @Option(help: "Inception-v3's weights as safetensors (docs/evaluation.md says under which names).")
  var features: String

  func run() throws {
    let network = try InceptionV3(path: features, on: options.featureDevice())
    func fit(_ path: String) throws -> GaussianFit {
      try options.samples(path, .image, frameCount: 1, seed: samples.seed)
        .fit(dimension: InceptionV3.featureCount, batchSize: samples.batch) { try network.features($0.pictures) }
    }
    let (real, generated) = (try fit(sets.real), try fit(sets.generated))
    try printJSON(
      DistanceResult(
        measure: "FID", value: FrechetDistance.between(real, generated), real: real.count, generated: generated.count))
  }
}

extension Tensor {
  /// [N, 1, H, W, 3] → [N, H, W, 3].
  fileprivate var pictures: Tensor { reshaped([shape[0]] + shape.dropFirst(2)) }
}

/// `walt-train evaluate inception-score GENERATED`
struct InceptionScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inception-score", abstract: "Inception Score: of Inception-v3's classes.")

  private struct Result: Encodable {
    let measure = "Inception Score"
    let mean: Double
    let standardDeviation: Double
    let generated: Int
  }

  @Argument(help: "The data set of generated samples.") var generated: String
  @OptionGroup var options: EvaluationOptions
  @OptionGroup var samples: SampleOptions
  @Option(help: "Inception-v3's weights as safetensors (docs/evaluation.md says under which names).")
  var features: String
  @Option(help: "Samples of a split.") var split = 5000

  func run() throws {
    let network = try InceptionV3(path: features, on: options.compute.device)
    let pictures = try options.samples(generated, .image, frameCount: 1, seed: samples.seed)
    var logits: [Tensor] = []
    try pictures.forEachBatch(of: samples.batch) {
      logits.append(try network.logits(network.features($0.pictures)))
    }
    let score = try InceptionScore(logits: .concatenating(logits), splitSize: split)
    try printJSON(Result(mean: score.mean, standardDeviation: score.standardDeviation, generated: pictures.count))
  }

  func validate() throws {
    guard split > 0 else { throw ValidationError("--split is \(split), allowed are 1 and more") }
  }
}

/// `walt-train evaluate latent-distance REAL GENERATED`
struct LatentDistanceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "latent-distance",
    abstract: "Fréchet distance of an autoencoder's mean latents, for those without feature networks.",
    discussion: "It is no FVD and no FID, and cannot be compared with any.")

  @OptionGroup var sets: ComparedSets
  @OptionGroup var options: EvaluationOptions
  @OptionGroup var samples: SampleOptions
  @OptionGroup var clips: ClipOptions
  @Option(help: "The autoencoder's folder.") var autoencoder: String

  func run() throws {
    let model = try VideoAutoencoder(folder: URL(fileURLWithPath: autoencoder))
    try model.configuration.check(frameCount: clips.frames, side: options.side, folder: autoencoder)
    let device = options.featureDevice()
    func fit(_ path: String) throws -> GaussianFit {
      try options.samples(path, clips.medium, frameCount: clips.frames, seed: samples.seed)
        .fit(dimension: model.configuration.latentChannels, batchSize: samples.batch) {
          device.meanOfPixels(model.encode($0, on: device))
        }
    }
    let (real, generated) = (try fit(sets.real), try fit(sets.generated))
    try printJSON(
      DistanceResult(
        measure: "Fréchet distance of mean latents", value: FrechetDistance.between(real, generated), real: real.count,
        generated: generated.count))
  }
}

/// `walt-train evaluate similarity REAL GENERATED`
struct SimilarityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "similarity", abstract: "PSNR and SSIM of two data sets, clip by clip in their order.")

  @OptionGroup var sets: ComparedSets
  @OptionGroup var options: EvaluationOptions
  @OptionGroup var clips: ClipOptions
  @Option(help: "The seed that samples are drawn by.") var seed: UInt64 = 0

  func run() throws {
    let real = try options.samples(sets.real, clips.medium, frameCount: clips.frames, seed: seed)
    let generated = try options.samples(sets.generated, clips.medium, frameCount: clips.frames, seed: seed)
    guard real.count == generated.count else {
      throw EvaluationError(
        .mismatch,
        "compare \(real.count) clips of \"\(sets.real)\" with \(generated.count) of \"\(sets.generated)\": each must "
          + "have its counterpart; leave out the rest")
    }
    var quality = PictureQuality()
    for index in 0..<real.count {
      quality.add(RGBFrames(try generated.sample(index)), against: RGBFrames(try real.sample(index)))
    }
    try printJSON(quality)
  }
}
