import ArgumentParser
import ControlProtocol

/// What commands for the whole service have in common.
struct PlainOptions: ParsableArguments {
  @OptionGroup var service: ServiceOptions
  @Flag(help: "Print JSON.") var json = false
}

struct DrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drain",
    abstract: "Let no work begin until resume; what runs goes on to its end. Requests are still taken.")

  @OptionGroup var options: PlainOptions

  func run() throws { try options.change("drain", said: "no work begins any more; waltctl resume lets it begin again") }
}

struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "resume", abstract: "Let work begin again after drain.")

  @OptionGroup var options: PlainOptions

  func run() throws { try options.change("resume", said: "work begins as its turn comes") }
}

extension PlainOptions {
  fileprivate func change(_ action: String, said: String) throws {
    try reporting {
      let change: ServiceChange = try ControlClient(socket: try service.paths().control).post("/v1/\(action)")
      if json { return try printJSON(change) }
      Terminal.print(change.paused.map { action == "resume" ? "still paused: \($0)" : said } ?? said)
    }
  }
}

struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models",
    abstract: "The configured models, the default first, and what is wrong with them. Works with the daemon down.")

  @OptionGroup var options: PlainOptions

  func run() throws {
    try reporting {
      let models = try StatusSource(paths: try options.service.paths()).readAloud().models
      if options.json { return try printJSON(models) }
      for model in models {
        Terminal.print("\(model.name)  \(model.folder)\(model.problem.map { "  cannot be used: \($0)" } ?? "")")
      }
    }
  }
}
