import ArgumentParser
import Datasets
import Evaluation
import Training

/// `walt-train make-data shapes FOLDER`
struct MakeDataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "make-data", abstract: "Write clips of the built-in world and their captions into a folder.")

  enum World: String, ExpressibleByArgument, CaseIterable { case shapes }

  @Argument(help: "The world.") var world: World
  @Argument(help: "The folder; it gets clips and metadata.jsonl.") var folder: String
  @Option(help: "How many clips.") var count = 16
  @Option(help: "Pixels of a side.") var resolution = 128
  @Option(help: "The seed of the scenes.") var seed: UInt64 = 1

  func run() throws {
    try ShapesFolder(scenes: SceneSource(seed: seed), resolution: resolution).write(count: count, to: folder)
    print(folder)
  }

  func validate() throws {
    guard count > 0 else { throw ValidationError("--count is \(count), allowed are 1 and more") }
    let drawing = Datasets.World.drawingResolution
    guard resolution > 0, drawing % resolution == 0 else {
      throw ValidationError("--resolution is \(resolution), allowed are divisors of \(drawing)")
    }
  }
}
