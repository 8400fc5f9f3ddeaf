import ArgumentParser

/// Trains walt's models, measures them, and draws the demo's data.
@main
struct WaltTrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "walt-train",
    abstract: "Trains the autoencoder, the text encoder and the denoisers, judges what they make, and converts them.",
    subcommands: [
      RunCommand.self, CacheCommand.self, ExportCommand.self, SampleCommand.self, JudgeCommand.self,
      EvaluateCommand.self,
      MakeDataCommand.self, DescribeCommand.self, InitCommand.self, ReshapeCommand.self, InterleaveCommand.self,
      BenchmarkCommand.self,
    ])
}
