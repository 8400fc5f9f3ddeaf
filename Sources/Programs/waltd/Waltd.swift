import ArgumentParser
import DaemonServices
import Foundation
import JobModel

/// `waltd`: arguments and environment, then one call.
@main
struct Waltd: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "waltd",
    abstract: "The daemon of walt: turns prompt files dropped into a spool folder into videos.",
    discussion: """
      Exit codes: 0 stopped as asked, or drained with every job done; 1 drained, and a job failed or was refused; \
      65 the database is damaged: waltctl doctor; 75 another waltd has the state folder; 78 wrong configuration.
      """,
    version: Software.version,
    subcommands: [Run.self, CheckConfiguration.self], defaultSubcommand: Run.self)
}

struct ConfigurationOptions: ParsableArguments {
  @Option(help: "The spool folder, instead of the configuration's.")
  var spool: String?
  @Option(help: "The state folder, instead of the configuration's.")
  var state: String?

  func read(_ file: String) throws -> DaemonConfiguration {
    do {
      return try DaemonConfiguration.read(file: file, spool: spool, state: state, defaultWorker: Self.worker)
    } catch {
      FileHandle.standardError.write(Data("waltd: \(error)\n".utf8))
      throw ExitCode(78)
    }
  }

  /// `walt-worker` beside this program.
  private static var worker: String {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(filePath: own).deletingLastPathComponent().appending(path: "walt-worker").path
  }
}

struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "run", abstract: "Serve (the default).")

  @Option(help: "The configuration.")
  var config = "/etc/walt/waltd.toml"
  @OptionGroup var options: ConfigurationOptions
  @Flag(help: "Do all that is there, then exit: 0 if every job is done.")
  var drain = false

  func run() async throws {
    let configuration = try options.read(config)
    let code = await Daemon.run(
      configuration, isDraining: drain, journalStream: ProcessInfo.processInfo.environment["JOURNAL_STREAM"])
    throw ExitCode(code)
  }
}

struct CheckConfiguration: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-config", abstract: "Read a configuration and its models, explain mistakes.")

  @Argument(help: "The configuration.")
  var file: String
  @OptionGroup var options: ConfigurationOptions

  func run() async throws {
    let configuration = try options.read(file)
    let problems = ModelCatalogue(configuration.models).status.compactMap { model in
      model.problem.map { "model \"\(model.name)\": \($0)" }
    }
    for problem in problems { FileHandle.standardError.write(Data("waltd: \(file): \(problem)\n".utf8)) }
    if !problems.isEmpty { throw ExitCode(78) }
    print("\(file) is right: spool \(configuration.paths.spool), state \(configuration.paths.state)")
  }
}
