import ArgumentParser
import Training
import VideoTransformer

/// `walt-train reshape MODEL`
struct ReshapeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reshape",
    abstract: "Convert a denoiser, or every denoiser of a pipeline, to another frame size or aspect ratio.",
    discussion: """
      Positions and relative biases are interpolated; windows grow with the frame unless they are named. Training goes \
      on from the result. For a pipeline the size is that of its base; the upsamplers keep their ratios to it, and the \
      other parts are copied.
      """)

  @Argument(help: "The denoiser's folder, or the pipeline's.") var model: String
  @Option(help: "The folder to write.") var output: String
  @Option(help: "The frame's height in latent pixels (as config.json counts it).") var height: Int
  @Option(help: "The frame's width in latent pixels.") var width: Int
  @Option(help: "The window in space and time, in tokens, as 4x7.") var windows: WindowArgument?

  func run() throws {
    try ModelConversion.reshape(
      model, to: output, shape: .init(size: .init(height, width), window: windows?.size))
    print(output)
  }

  func validate() throws {
    guard height > 0, width > 0 else { throw ValidationError("--height and --width must be above 0") }
  }
}

/// `walt-train interleave MODEL`
struct InterleaveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "interleave",
    abstract: "Make a video model of an image model: put a layer in space and time behind each of its layers.",
    discussion: "The new layers begin without effect, so that the model makes of every image what it made before.")

  @Argument(help: "The image model's folder.") var model: String
  @Option(help: "The folder to write.") var output: String
  @Option(help: "Latent frames of a video.") var frames = 5
  @Option(help: "The window in space and time, in tokens, as 8x8.") var windows: WindowArgument
  @Option(help: "The seed of the new weights.") var seed: UInt64 = 1

  func run() throws {
    try ModelConversion.interleave(model, to: output, frames: frames, window: windows.size, seed: seed)
    print(output)
  }
}

/// A height and a width in tokens, as 4x7.
struct WindowArgument: ExpressibleByArgument {
  let size: TransformerConfiguration.Size

  init?(argument: String) {
    let sides = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard sides.count == 2, sides.allSatisfy({ $0 > 0 }) else { return nil }
    size = .init(sides[0], sides[1])
  }
}
