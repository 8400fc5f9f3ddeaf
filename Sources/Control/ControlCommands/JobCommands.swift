import ArgumentParser
import ControlProtocol
import Foundation
import JobModel

/// What commands that change jobs have in common.
struct JobOptions: ParsableArguments {
  @OptionGroup var service: ServiceOptions
  @Flag(help: "Print JSON.") var json = false
  @Argument(help: "Numbers of jobs, as waltctl list shows them.") var jobs: [Int64]

  /// Changes each job and tells what became of it. One that cannot be changed does not keep the others from it: the
  /// exit code is the last such one's.
  func change(_ action: String, body: Data = Data()) throws {
    try reporting {
      let client = ControlClient(socket: try service.paths().control)
      var changes: [JobChange] = []
      var code: ExitCode?
      for job in jobs {
        do {
          changes.append(try client.post("/v1/jobs/\(job)/\(action)", body: body))
          if !json, let change = changes.last { Terminal.print("job \(change.id) is \(change.state.rawValue)") }
        } catch let error as ControlError {
          Terminal.complain("\(error)")
          code = ControlExit.code(error)
        }
      }
      if json { try printJSON(changes) }
      if let code { throw code }
    }
  }
}

struct CancelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract: "End jobs. Their request files stay; NAME.result.json says that they were cancelled.")

  @OptionGroup var options: JobOptions

  func run() throws { try options.change("cancel") }
}

struct RetryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry", abstract: "Revive failed jobs: they go on from their last checkpoints, with fresh attempts.")

  @OptionGroup var options: JobOptions

  func run() throws { try options.change("retry") }
}

struct HoldCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hold", abstract: "Keep jobs from going on until they are released; what is computed is saved.")

  @OptionGroup var options: JobOptions

  func run() throws { try options.change("hold") }
}

struct ReleaseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "release", abstract: "Let held jobs go on.")

  @OptionGroup var options: JobOptions

  func run() throws { try options.change("release") }
}

struct PriorityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "priority", abstract: "Change the place of jobs in the queue: 0 to 100, the higher goes first.")

  @Option(name: .customLong("to"), help: "The new priority, 0 to 100.") var priority: Int
  @OptionGroup var options: JobOptions

  func validate() throws {
    guard 0...100 ~= priority else { throw ValidationError("priority is \(priority), allowed: 0 to 100") }
  }

  func run() throws {
    try options.change("priority", body: try ControlCoding.encode(PriorityChange(priority: priority)))
  }
}
