import Foundation
import Settings

/// Where the service's things lie: what the daemon and its clients must agree on.
package struct ServicePaths: Equatable, Sendable {
  package var spool: String
  package var state: String
  /// The control socket.
  package var control: String

  /// - Parameter control: nil: in the state folder.
  package init(spool: String, state: String, control: String? = nil) {
    self.spool = spool
    self.state = state
    self.control = control ?? "\(state)/control.sock"
  }

  /// Reads `spool`, `state` and `control`; what is given here (by options) goes before what stands in the file.
  ///
  /// - Parameter file: paths in it count from its folder.
  package init(_ table: SettingsTable, file: String, spool: String?, state: String?) throws {
    func path(_ key: String) throws -> String? { try table.optional(key).map { Self.resolve($0, besides: file) } }
    let (fileSpool, fileState, fileControl) = (try path("spool"), try path("state"), try path("control"))
    guard let spool = spool ?? fileSpool else {
      throw table.error(.missing, "spool", "no spool is set", hint: "set spool = \"…\", or give --spool")
    }
    guard let state = state ?? fileState else {
      throw table.error(.missing, "state", "no state folder is set", hint: "set state = \"…\", or give --state")
    }
    self.init(spool: spool, state: state, control: fileControl)
  }

  /// For readers who need nothing else of the configuration.
  package static func read(configuration file: String, spool: String? = nil, state: String? = nil) throws
    -> ServicePaths
  {
    try SettingsTable.read(file: file) { table in
      table.ignoreOthers()
      return try ServicePaths(table, file: file, spool: spool, state: state)
    }
  }

  /// `path` as it counts from the folder of `file`.
  package static func resolve(_ path: String, besides file: String) -> String {
    if path.hasPrefix("/") { return path }
    return URL(filePath: file).deletingLastPathComponent().appending(path: path).standardizedFileURL.path
  }

  package var statusFile: String { "\(state)/status.json" }
  package var lockFile: String { "\(state)/lock" }
  package var database: String { "\(state)/walt.sqlite" }
  package var workers: String { "\(state)/workers" }
}
