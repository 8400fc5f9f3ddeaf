import ArgumentParser
import Datasets
import Evaluation
import Training

/// `walt-train evaluate reconstruction DATA`
struct ReconstructionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reconstruction",
    abstract: "PSNR and SSIM of what an autoencoder gives back, beside H.264 with no more bytes.",
    discussion: "One line for each file; --count is the most windows of 17 frames of a file.")

  @Argument(help: "The data set.") var data: String
  @OptionGroup var options: EvaluationOptions
  @Option(help: "The autoencoder's folder.") var autoencoder: String

  func run() throws {
    let measurement = try ReconstructionMeasurement(
      autoencoderFolder: autoencoder, resolution: options.side, on: options.compute.device)
    let media = try options.media(data)
    for report in try measurement.reports(media, limit: options.count ?? .max) { try printJSON(report) }
  }
}

/// `walt-train evaluate prediction DATA`
struct PredictionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prediction",
    abstract: "PSNR and SSIM of frames predicted from five, beside the last one repeated.",
    discussion: "--side must be the denoiser's frame; --count is the most windows.")

  @Argument(help: "The data set.") var data: String
  @OptionGroup var options: EvaluationOptions
  @Option(help: "The autoencoder's folder.") var autoencoder: String
  @Option(help: "The denoiser's folder.") var denoiser: String
  @Option(help: "Sampling steps.") var steps = 50

  func run() throws {
    let measurement = try PredictionMeasurement(
      denoiserFolder: denoiser, autoencoderFolder: autoencoder, steps: steps, on: options.compute.device)
    guard measurement.resolution == options.side else {
      throw ValidationError("--side \(options.side): the denoiser's frames are \(measurement.resolution) pixels")
    }
    let media = try options.media(data)
    try printJSON(try measurement.report(media, limit: options.count ?? .max))
  }

  func validate() throws {
    guard (1...1000).contains(steps) else { throw ValidationError("--steps is \(steps), allowed are 1 to 1000") }
  }
}
