import DurableFiles
import Foundation
import Logging

/// The notes that workers' owners leave about them, `state/workers/DEVICE.json`: so that no two daemons' workers
/// ever compute at the same time.
package struct PreviousWorkers: Sendable {
  package let folder: String

  package init(folder: String) { self.folder = folder }

  package func identityFile(device: String) -> String { "\(folder)/\(device).json" }

  /// Waits until the workers of a previous daemon are gone (their input is closed, so they checkpoint and exit), and
  /// kills those that are not gone after `patience`. Afterwards none is alive.
  package func end(patience: Duration, logger: Logger) async throws {
    guard DurableFile.exists(folder) else { return }
    let clock = ContinuousClock()
    let deadline = clock.now + patience
    for name in try Folder(folder).names().sorted() where name.hasSuffix(".json") {
      let path = "\(folder)/\(name)"
      guard let process = ProcessIdentity.read(path) else { continue }
      while process.isAlive {
        if clock.now >= deadline {
          logger.warning(
            "worker of the previous daemon killed", metadata: ["pid": "\(process.pid)", "file": "\(name)"])
          kill(process.pid, SIGKILL)
        }
        try await Task.sleep(for: .milliseconds(20))
      }
      try DurableFile.remove(path)
    }
  }
}
