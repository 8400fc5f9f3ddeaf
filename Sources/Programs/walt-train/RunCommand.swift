import ArgumentParser
import Foundation
import Training

/// `walt-train run RECIPE`
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Train what a recipe describes, going on from its last checkpoint.",
    discussion: """
      A run ended by --minutes, SIGTERM, SIGINT or a crash goes on where it was when it is started again, bit for bit. \
      A finished run writes its weights into the recipe's model folder. Exits with 0 when the last step is done, with \
      75 when steps are left.
      """)

  @OptionGroup var place: TrainingPlace
  @Option(help: "End with a checkpoint after this long.") var minutes: Double?
  @Option(help: "Seconds between checkpoints.") var checkpointSeconds: Double = 180
  @Flag(help: "Go on from a checkpoint although the recipe was changed meanwhile.") var changedRecipe = false

  func run() throws {
    var options = place.options
    options.limit = minutes.map { .seconds($0 * 60) }
    options.checkpointInterval = .seconds(checkpointSeconds)
    options.acceptsOtherRecipe = changedRecipe
    let stop = StopRequest()
    let signals = stop.listen()
    defer { for signal in signals { signal.cancel() } }
    let isDone = try place.session(options).run(until: stop)
    if !isDone { throw ExitCode(75) }
  }

  func validate() throws {
    // About twenty years.
    guard (0...1e7).contains(minutes ?? 0), (0...1e9).contains(checkpointSeconds) else {
      throw ValidationError("--minutes and --checkpoint-seconds must be numbers from 0, the former at most 1e7")
    }
  }
}

/// `walt-train cache RECIPE`
struct CacheCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache", abstract: "Make the latents that a denoiser's recipe trains on, which `run` does by itself.")

  @OptionGroup var place: TrainingPlace

  func run() throws {
    let stop = StopRequest()
    let signals = stop.listen()
    defer { for signal in signals { signal.cancel() } }
    try place.session(place.options).cacheLatents(until: stop)
  }
}

/// `walt-train export RECIPE`
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write the averaged weights of a run's last checkpoint into its model folder.")

  @OptionGroup var place: TrainingPlace

  func run() throws {
    var options = place.options
    options.acceptsOtherRecipe = true
    try place.session(options).export()
  }
}

/// Which recipe, and where its run is kept.
struct TrainingPlace: ParsableArguments {
  @Argument(help: "The recipe, as configs/training/base.toml.") var recipe: String
  @Option(help: "The folder of checkpoints, logs and pictures.") var work = ".walt-train"
  @Option(help: "The folder of cached latents.") var cache = ".walt-cache"
  @OptionGroup var compute: ComputeOptions

  var options: RunOptions {
    var options = RunOptions(workFolder: work)
    options.report = { line in
      print(line)
      fflush(nil)
    }
    return options
  }

  func session(_ options: RunOptions) throws -> TrainingSession {
    try TrainingSession(
      Recipe(file: recipe), on: compute.device, options: options, cacheFolder: cache)
  }
}
