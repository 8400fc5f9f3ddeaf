import ControlProtocol
import DurableFiles
import Foundation

/// The service's status: from the daemon, or, where it does not answer, what it last wrote down.
package struct StatusSource: Sendable {
  package let paths: ServicePaths

  package init(paths: ServicePaths) { self.paths = paths }

  /// - Returns: `isLive` false where the status is what a stopped daemon left.
  /// - Throws: `DaemonUnreachable` where it left nothing either.
  package func read() throws -> (status: ServiceStatus, isLive: Bool) {
    do {
      return (try ControlClient(socket: paths.control).get("/v1/status"), true)
    } catch let unreachable as DaemonUnreachable {
      guard let bytes = try? DurableFile.read(paths.statusFile) else { throw unreachable }
      return (try ControlCoding.decode(ServiceStatus.self, from: Data(bytes)), false)
    }
  }

  /// The same; where it is what a stopped daemon left, that is said on standard error.
  package func readAloud() throws -> ServiceStatus {
    let (status, isLive) = try read()
    if !isLive { Terminal.complain(StatusText.stale(status, now: .now)) }
    return status
  }
}
