import Foundation
import JobModel
import JobStore
import Logging
import WorkerProtocol

/// What all services of the daemon share.
package struct ServiceCore: Sendable {
  package let configuration: DaemonConfiguration
  package let accounts: AccountBook
  package let store: JobStore
  package let models: ModelCatalogue
  package let signals = Signals()
  package let logger: Logger
  package let disk: DiskGuard
  package let counters = Counters()

  package init(configuration: DaemonConfiguration, store: JobStore, models: ModelCatalogue, logger: Logger) {
    self.configuration = configuration
    accounts = AccountBook(configuration)
    self.store = store
    self.models = models
    self.logger = logger
    disk = DiskGuard(configuration, logger: logger)
  }

  package var state: String { configuration.paths.state }

  /// The folder, inside the state folder, of jobs' own copies of what their requests name.
  package static let inputs = "inputs"

  /// Removes the job's copy of what its request names, where there is one.
  func removeInput(of parameters: ResolvedRequest) {
    if let copy = parameters.input?.copy { unlink(absolute(copy)) }
  }

  /// The folder that passes between us and a worker for one lease.
  package func folder(_ lease: Lease) -> AttemptFolder {
    AttemptFolder(state: state, task: "\(lease.task)", attempt: lease.attempt)
  }

  /// A path as it stands in the store: below the state folder it is relative to it, so that the folder can move.
  package func stored(_ path: String) -> String {
    path.hasPrefix(state + "/") ? String(path.dropFirst(state.count + 1)) : path
  }

  /// The opposite of `stored`.
  package func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(state)/\(path)" }
}
