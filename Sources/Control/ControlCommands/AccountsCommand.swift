import ArgumentParser
import ControlProtocol

struct AccountsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "accounts", abstract: "What accounts have spent today, this month and in all, of what they may.")

  @OptionGroup var service: ServiceOptions
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    try reporting {
      let client = ControlClient(socket: try service.paths().control)
      let accounts: [AccountStatus] = try client.get("/v1/accounts")
      if json { return try printJSON(accounts) }
      for line in AccountText.table(accounts) { Terminal.print(line) }
    }
  }
}
