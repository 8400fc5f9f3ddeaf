import ArgumentParser
import Training

/// `walt-train benchmark`
struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark", abstract: "Measure how fast models are, and what memory they need.",
    subcommands: [Windows.self, Memory.self])

  /// `walt-train benchmark windows`
  struct Windows: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "windows",
      abstract: "Compare windows of several sizes in space and time with full attention, as Table 3b of the paper.",
      discussion: """
        Times passes of a model with random weights whose windows are a quarter, a half and the whole of the frame, and \
        one that attends to the whole clip in every layer. Beside the speeds stands what operations and memory traffic \
        predict. The passes take turns, and the median counts.
        """)

    @Option(help: "The configuration that is varied.") var model = "configs/paper/ucf-L-r2"
    @Option(help: "How many layers, an even number: each costs the same.") var layers = 4
    @Option(help: "Passes of each.") var passes = 5
    @OptionGroup var compute: ComputeOptions

    func run() throws {
      let benchmark = try WindowBenchmark(model: model, layers: layers)
      print(benchmark.run(passes: passes, on: compute.device).markdown)
    }

    func validate() throws {
      guard layers > 0, layers % 2 == 0, passes > 0 else {
        throw ValidationError("--layers must be an even number above 0, --passes above 0")
      }
    }
  }

  /// `walt-train benchmark memory`
  struct Memory: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "memory",
      abstract: "Run a model on random values, and print time and peak memory beside what was predicted.",
      discussion: "A denoiser does guided steps of one clip, an autoencoder decodes one.")

    @Argument(help: "The folder of a denoiser or an autoencoder with weights.") var model: String
    @Option(help: "How often.") var count = 1
    @Option(help: "Tokens of the text.") var textTokens = 64
    @Option(help: "For an autoencoder: frames of the clip.") var frames = 17
    @Option(help: "For an autoencoder: the clip's height in pixels.") var height = 128
    @Option(help: "For an autoencoder: the clip's width in pixels.") var width = 224
    @OptionGroup var compute: ComputeOptions

    func run() throws {
      var assumptions = ModelSummary.Assumptions()
      assumptions.textTokens = textTokens
      (assumptions.frames, assumptions.height, assumptions.width) = (frames, height, width)
      let benchmark = try MemoryBenchmark(folder: model, assuming: assumptions)
      print(try benchmark.run(count: count, on: compute.device).text)
    }

    func validate() throws {
      guard count > 0, textTokens > 0, frames > 0, height > 0, width > 0 else {
        throw ValidationError("--count, --text-tokens, --frames, --height and --width must be above 0")
      }
    }
  }
}
