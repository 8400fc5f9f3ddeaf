import ArgumentParser
import ControlProtocol
import JobModel

struct CancelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract: "End jobs. Their request files stay; NAME.result.json says that they were cancelled.")

  @OptionGroup var service: ServiceOptions
  @Flag(help: "Print JSON.") var json = false
  @Argument(help: "Numbers of jobs.") var jobs: [Int64]

  func run() throws {
    try reporting {
      let client = ControlClient(socket: try service.paths().control)
      let changes: [JobChange] = try jobs.map { try client.post("/v1/jobs/\($0)/cancel") }
      if json { return try printJSON(changes) }
      for change in changes { Terminal.print("job \(change.id) is \(change.state.rawValue)") }
    }
  }
}
