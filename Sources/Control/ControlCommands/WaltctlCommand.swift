import ArgumentParser
import JobModel

/// `waltctl`: the user's command.
package struct WaltctlCommand: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "waltctl", abstract: "See and steer walt, the batch video service.", discussion: ControlExit.table,
    version: Software.version,
    subcommands: [
      StatusCommand.self, ListCommand.self, SubmitCommand.self, WaitCommand.self, WatchCommand.self,
      CancelCommand.self, RetryCommand.self, HoldCommand.self, ReleaseCommand.self, PriorityCommand.self,
      EventsCommand.self, ModelsCommand.self, AccountsCommand.self, DrainCommand.self, ResumeCommand.self,
      ExportCommand.self,
      DoctorCommand.self, ManualCommand.self,
    ])

  package init() {}
}
