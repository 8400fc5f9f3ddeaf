import ArgumentParser
import Foundation
import Training

/// `walt-train describe CONFIG`
struct DescribeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "describe",
    abstract: "Print the parameters, operations and memory of a model, worked out from its configuration.",
    discussion: """
      CONFIG is a config.json, a folder with one, or a pipeline folder. Operations count two for each multiply-add. \
      Peak memory is that of a guided step, of decoding, or of encoding a prompt; for weights that are not there yet it \
      goes by --type.
      """)

  @Argument(help: "A config.json, a model folder or a pipeline folder.") var config: String
  @Flag(help: "Print JSON.") var json = false
  @Option(help: "What weights are stored as where there are none: f32, f16 or bf16.") var type = StorageType.f32
  @Option(help: "Tokens of the prompt.") var textTokens = 64
  @Option(help: "For an autoencoder: frames of the clip.") var frames = 17
  @Option(help: "For an autoencoder: the clip's height in pixels.") var height = 128
  @Option(help: "For an autoencoder: the clip's width in pixels.") var width = 224

  func run() throws {
    if FileManager.default.fileExists(atPath: "\(config)/pipeline.json") {
      let summary = try PipelineSummary(folder: config, storedAs: type.floatType, textTokens: textTokens)
      return try show(summary, text: summary.text)
    }
    var assumptions = ModelSummary.Assumptions()
    assumptions.textTokens = textTokens
    (assumptions.frames, assumptions.height, assumptions.width) = (frames, height, width)
    let stored = try StoredWeights.type(in: config) ?? type.floatType
    let summary = ModelSummary(
      try ModelConfiguration(path: config), name: config, storedAs: stored, assuming: assumptions)
    try show(summary, text: summary.text)
  }

  private func show(_ summary: some Encodable, text: String) throws {
    guard json else { return print(text, terminator: "") }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(summary), as: UTF8.self))
  }
}
