import ArgumentParser
import ControlProtocol
import Foundation
import Settings

/// Which service is meant; common to all commands.
struct ServiceOptions: ParsableArguments {
  @Option(
    help: "The service's configuration (default: /etc/walt/waltd.toml).", completion: .file(extensions: ["toml"]))
  var config: String?
  @Option(help: "The spool folder, instead of the configuration's.", completion: .directory)
  var spool: String?
  @Option(help: "The state folder, instead of the configuration's.", completion: .directory)
  var state: String?

  static let defaultConfiguration = "/etc/walt/waltd.toml"

  /// Both folders given: no configuration is needed.
  func paths() throws -> ServicePaths {
    if config == nil, let spool, let state { return ServicePaths(spool: spool, state: state) }
    return try ServicePaths.read(configuration: config ?? Self.defaultConfiguration, spool: spool, state: state)
  }
}

/// How `waltctl` ends; documented in `waltctl --help`.
enum ControlExit {
  /// The answer is no: a job failed, was refused or cancelled.
  static let notDone = ExitCode(1)
  /// The request is wrong.
  static let badRequest = ExitCode(65)
  /// No such job or file.
  static let notFound = ExitCode(66)
  /// The daemon is needed and does not answer.
  static let unavailable = ExitCode(69)
  /// The file system refused.
  static let cannotCreate = ExitCode(73)
  /// The job's state does not allow it.
  static let conflict = ExitCode(75)
  /// Arguments or the configuration are wrong.
  static let badConfiguration = ExitCode(78)

  static let table = """
    Exit codes: 0 done; 1 a job failed, was refused or cancelled; 64 wrong arguments; 65 wrong request; \
    66 no such job or file; 69 waltd does not answer; 73 cannot write; 75 not in the job's present state, or not in time; \
    78 wrong configuration.
    """

  /// The code that fits an error.
  static func code(_ error: any Error) -> ExitCode {
    switch error {
    case is DaemonUnreachable: unavailable
    case let error as ControlError:
      switch error.error {
      case .notFound: notFound
      case .conflict: conflict
      case .badRequest: badRequest
      case .internal: notDone
      }
    case is SettingsError: badConfiguration
    default: cannotCreate
    }
  }
}

/// Runs a command's body; an error goes to standard error as one line, and becomes its exit code.
func reporting(_ body: () throws -> Void) throws {
  do {
    try body()
  } catch let code as ExitCode {
    throw code
  } catch {
    Terminal.complain("\(error)")
    throw ControlExit.code(error)
  }
}

/// The same for a command that waits.
func reportingAsync(_ body: () async throws -> Void) async throws {
  do {
    try await body()
  } catch let code as ExitCode {
    throw code
  } catch {
    Terminal.complain("\(error)")
    throw ControlExit.code(error)
  }
}
