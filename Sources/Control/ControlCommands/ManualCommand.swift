import ArgumentParser
import Foundation
import JobModel

/// For the build: `PROGRAM --experimental-dump-help | waltctl manual`.
struct ManualCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual", abstract: "Make a manual page of a program's description of itself.", shouldDisplay: false)

  func run() throws {
    try reporting {
      let help = try FileHandle.standardInput.readToEnd() ?? Data()
      Terminal.print(try ManualPage.text(help: help, version: Software.version))
    }
  }
}
