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
}
