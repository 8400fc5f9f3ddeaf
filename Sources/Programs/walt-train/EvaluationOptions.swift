import ArgumentParser
import Datasets
import Evaluation
import Foundation
import Kernels

/// What all measurements are told.
struct EvaluationOptions: ParsableArguments {
  @Option(help: "Pixels of a side of the middle squares that are looked at.") var side: Int
  @Option(help: "How many samples of each set; all unless given.") var count: Int?
  @Option(help: "Frames that are left of each second; all unless given.") var fps: Double?
  @Option(help: "The folder of cached frames.") var cache = ".walt-cache"
  @OptionGroup var compute: ComputeOptions

  func validate() throws {
    // SSIM looks through windows of 11 × 11 pixels.
    guard (11...8192).contains(side) else { throw ValidationError("--side is \(side), allowed are 11 to 8192") }
    if let count, count < 1 { throw ValidationError("--count is \(count), allowed are 1 and more") }
    if let fps, !(0.01...1000).contains(fps) {
      throw ValidationError("--fps is \(fps), allowed are 0.01 to 1000")
    }
  }

  /// The device that features are computed on. OpenBLAS, which compares them, gets as many threads.
  func featureDevice() -> ComputeDevice {
    LinearAlgebra.setThreadCount(compute.threads)
    return compute.device
  }

  /// Opens a data set, and says on standard error which files it leaves out.
  func samples(_ path: String, _ medium: Medium, frameCount: Int, seed: UInt64) throws -> SampleSet {
    var options = SampleSet.Options(
      medium: medium, frameCount: frameCount, side: side, count: count, cacheFolder: cache + "/frames")
    options.seed = seed
    options.framesPerSecond = fps
    let samples = try SampleSet(path: path, options)
    tellSkipped(samples.skipped)
    return samples
  }

  func media(_ path: String) throws -> MediaSet {
    let media = try MediaSet(
      MediaListing(path: path),
      MediaSet.Options(shorterSides: [side], framesPerSecond: fps, cacheFolder: cache + "/frames"))
    tellSkipped(media.skipped)
    return media
  }

  private func tellSkipped(_ skipped: [MediaListing.Skipped]) {
    for file in skipped { FileHandle.standardError.write(Data("skips \(file.file): \(file.reason)\n".utf8)) }
  }
}

/// What those that look at samples through a network are told.
struct SampleOptions: ParsableArguments {
  @Option(help: "The seed that samples are drawn by.") var seed: UInt64 = 0
  @Option(help: "Samples that are looked at together.") var batch = 8

  func validate() throws {
    guard (1...4096).contains(batch) else { throw ValidationError("--batch is \(batch), allowed are 1 to 4096") }
  }
}

/// How long samples are.
struct ClipOptions: ParsableArguments {
  @Option(help: "Frames of a clip; 1 for pictures.") var frames = 17

  var medium: Medium { frames == 1 ? .image : .video }

  func validate() throws {
    guard (1...1024).contains(frames) else { throw ValidationError("--frames is \(frames), allowed are 1 to 1024") }
  }
}
