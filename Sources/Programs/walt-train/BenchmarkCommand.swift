import ArgumentParser
import Foundation
import Kernels
import Training

/// `walt-train benchmark`
struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark", abstract: "Measure how fast denoisers are, and what memory they need.",
    subcommands: [Windows.self, Step.self])

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
    @Option(help: "Threads to compute with.") var threads = ProcessInfo.processInfo.activeProcessorCount

    func run() throws {
      let benchmark = try WindowBenchmark(model: model, layers: layers)
      print(benchmark.run(passes: passes, on: ComputeDevice(threadCount: threads)).markdown)
    }

    func validate() throws {
      guard layers > 0, layers % 2 == 0, passes > 0 else {
        throw ValidationError("--layers must be an even number above 0, --passes above 0")
      }
    }
  }

  /// `walt-train benchmark step`
  struct Step: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "step",
      abstract: "Load a denoiser, do guided steps, and print their time and the peak memory beside what was predicted.")

    @Argument(help: "The denoiser's folder.") var model: String
    @Option(help: "Steps.") var steps = 1
    @Option(help: "Tokens of the text.") var textTokens = 64
    @Option(help: "Threads to compute with.") var threads = ProcessInfo.processInfo.activeProcessorCount

    func run() throws {
      let benchmark = try StepBenchmark(folder: model, textTokens: textTokens)
      print(try benchmark.run(steps: steps, on: ComputeDevice(threadCount: threads)).text)
    }

    func validate() throws {
      guard steps > 0, textTokens > 0 else { throw ValidationError("--steps and --text-tokens must be above 0") }
    }
  }
}
