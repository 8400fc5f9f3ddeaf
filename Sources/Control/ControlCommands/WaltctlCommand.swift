import ArgumentParser

/// `waltctl`: the user's command.
package struct WaltctlCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "waltctl", abstract: "See and steer walt, the batch video service.", discussion: ControlExit.table,
    subcommands: [
      StatusCommand.self, ListCommand.self, SubmitCommand.self, CancelCommand.self, WaitCommand.self,
      AccountsCommand.self,
    ])

  package init() {}
}
