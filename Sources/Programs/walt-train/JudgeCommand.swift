import ArgumentParser
import Evaluation
import Foundation
import Kernels
import MediaIO
import Training
import VideoPipeline

/// `walt-train judge`
struct JudgeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "judge",
    abstract: "Count how often a model's clips show the colour, shape and motion that their prompts ask for.",
    discussion: """
      The prompts and seeds are fixed: half are combinations that training sees, half are held out. Clips of stages \
      below the last are enlarged to 128 pixels before they are judged. --validate judges true clips, with and without \
      H.264, wrong ones, noise and blanks instead.
      """)

  @OptionGroup var sampling: SamplingOptions
  @Option(help: "How many prompts.") var count = 200
  @Flag(help: "Print every clip's judgement and the totals as JSON.") var json = false
  @Option(help: "How many stages have true clips' latents instead of sampled ones; all: what the autoencoder keeps.")
  var trueStages = 0
  @Flag(name: .customLong("validate"), help: "Measure the judge itself.") var judgesItself = false
  @Option(help: "With --validate: true clips to judge.") var clips = 400

  func run() throws {
    if judgesItself {
      let scratch = FileManager.default.temporaryDirectory.path
      print(try JudgeValidation(clipCount: clips, seed: 1, scratchFolder: scratch).markdown)
      return
    }
    let report = try ModelJudgement(promptCount: count, maker: sampling.maker(firstStage: trueStages)) { done in
      if !json && done % 10 == 0 { FileHandle.standardError.write(Data("\(done) of \(count) clips\n".utf8)) }
    }
    print(json ? try report.json() : report.markdown)
  }

  func validate() throws {
    guard count > 0, clips > 0 else { throw ValidationError("--count and --clips must be above 0") }
  }
}
