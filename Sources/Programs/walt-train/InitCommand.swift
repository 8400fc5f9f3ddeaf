import ArgumentParser
import Tensors
import Training

/// `walt-train init CONFIG`
struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Write a model folder with random weights, as training begins with.",
    discussion: "Weights are drawn and written one by one: memory never holds the model.")

  @Argument(help: "A config.json of a denoiser, an autoencoder or a text encoder, or a folder with one.")
  var config: String
  @Option(help: "The model folder to write.") var output: String
  @Option(help: "What weights are stored as: f32, f16 or bf16.") var type = StorageType.f32
  @Option(help: "The seed of the weights.") var seed: UInt64 = 1

  func run() throws {
    try ModelConfiguration(path: config).writeInitialModel(to: output, as: type.floatType, seed: seed)
    print(output)
  }
}

/// The types that weights are stored as, under the names of the command line.
enum StorageType: String, ExpressibleByArgument, CaseIterable {
  case f32, f16, bf16

  var floatType: FloatType {
    switch self {
    case .f32: .float32
    case .f16: .float16
    case .bf16: .bfloat16
    }
  }
}
