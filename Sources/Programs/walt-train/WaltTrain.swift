import ArgumentParser

/// Trains walt's models, measures them, and draws the demo's data.
@main
struct WaltTrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "walt-train",
    abstract: "Trains the autoencoder, the text encoder and the denoisers, and judges what they make.",
    subcommands: [
      RunCommand.self, CacheCommand.self, ExportCommand.self, SampleCommand.self, JudgeCommand.self,
      MakeDataCommand.self,
    ])
}
