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

/// What all measurements are told.
struct EvaluationOptions: ParsableArguments {
  @Option(help: "Pixels of a side of the middle squares that are looked at.") var side: Int
  @Option(help: "How many samples of each set; all unless given.") var count: Int?
  @Option(help: "The seed that samples are drawn by.") var seed: UInt64 = 0
  @Option(help: "Frames that are left of each second; all unless given.") var fps: Double?
  @Option(help: "Samples that are looked at together.") var batch = 8
  @Option(help: "The folder of cached frames.") var cache = ".walt-cache"
  @Option(help: "Threads to compute with.") var threads = ProcessInfo.processInfo.activeProcessorCount

  var device: ComputeDevice { ComputeDevice(threadCount: threads) }

  /// Opens a data set, and says on standard error which files it leaves out.
  func samples(_ path: String, _ medium: Medium, frameCount: Int) throws -> SampleSet {
    var options = SampleSet.Options(
      medium: medium, frameCount: frameCount, side: side, count: count, cacheFolder: cache + "/frames")
    options.seed = seed
    options.framesPerSecond = fps
    let samples = try SampleSet(path: path, options)
    tellSkipped(samples.skipped)
    return samples
  }

  func media(_ path: String, shorterSide: Int) throws -> MediaSet {
    let media = try MediaSet(
      MediaListing(path: path),
      MediaSet.Options(shorterSides: [shorterSide], framesPerSecond: fps, cacheFolder: cache + "/frames"))
    tellSkipped(media.skipped)
    return media
  }

  private func tellSkipped(_ skipped: [MediaListing.Skipped]) {
    for file in skipped { FileHandle.standardError.write(Data("skips \(file.file): \(file.reason)\n".utf8)) }
  }
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
  @Option(help: "I3D's weights as safetensors (docs/evaluation.md says under which names).") var features: String
  @Option(help: "Frames of a clip.") var frames = 17

  func run() throws {
    let network = try I3D(path: features, on: options.device)
    func fit(_ path: String) throws -> GaussianFit {
      try options.samples(path, .video, frameCount: frames)
        .fit(dimension: I3D.featureCount, batchSize: options.batch, features: network.features)
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
  @Option(help: "Inception-v3's weights as safetensors (docs/evaluation.md says under which names).")
  var features: String

  func run() throws {
    let network = try InceptionV3(path: features, on: options.device)
    func fit(_ path: String) throws -> GaussianFit {
      try options.samples(path, .image, frameCount: 1)
        .fit(dimension: InceptionV3.featureCount, batchSize: options.batch) { try network.features($0.pictures) }
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
  @Option(help: "Inception-v3's weights as safetensors (docs/evaluation.md says under which names).")
  var features: String
  @Option(help: "Samples of a split.") var split = 5000

  func run() throws {
    let network = try InceptionV3(path: features, on: options.device)
    let samples = try options.samples(generated, .image, frameCount: 1)
    var logits: [Tensor] = []
    try samples.forEachBatch(of: options.batch) {
      logits.append(try network.logits(network.features($0.pictures)))
    }
    let score = try InceptionScore(logits: .concatenating(logits), splitSize: split)
    try printJSON(Result(mean: score.mean, standardDeviation: score.standardDeviation, generated: samples.count))
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
  @Option(help: "The autoencoder's folder.") var autoencoder: String
  @Option(help: "Frames of a clip: 1, 5, 9, …; 1 for pictures.") var frames = 17

  func run() throws {
    let autoencoder = try VideoAutoencoder(folder: URL(fileURLWithPath: autoencoder))
    let device = options.device
    func fit(_ path: String) throws -> GaussianFit {
      try options.samples(path, frames == 1 ? .image : .video, frameCount: frames)
        .fit(dimension: autoencoder.configuration.latentChannels, batchSize: options.batch) {
          device.meanOfPixels(autoencoder.encode($0, on: device))
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
  @Option(help: "Frames of a clip; 1 for pictures.") var frames = 17

  func run() throws {
    let medium: Medium = frames == 1 ? .image : .video
    let real = try options.samples(sets.real, medium, frameCount: frames)
    let generated = try options.samples(sets.generated, medium, frameCount: frames)
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
