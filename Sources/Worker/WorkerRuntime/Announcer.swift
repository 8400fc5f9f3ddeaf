import Foundation
import Synchronization
import WorkerProtocol

/// Says what happens on standard output, one JSON line a message, whole lines from whichever thread.
///
/// A listener that is gone is no error: the folders hold the truth.
final class Announcer: Sendable {
  private let lock = Mutex(())

  func say(_ message: WorkerMessage) {
    guard let line = try? ProtocolCoding.line(message) else { return }
    var bytes = Array("\(line)\n".utf8)[...]
    lock.withLock { _ in
      while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return }
        bytes = bytes.dropFirst(count)
      }
    }
  }
}
