import Dispatch
import Foundation
import GRDB
import Synchronization

/// When what a transaction wrote survives a power cut.
enum Durability: Sendable {
  /// When it returns.
  case atOnce
  /// Within a second: for what can be told again from durable files.
  case soon
}

/// Brings the log of transactions that did not wait to the disk, many at once.
final class GroupCommit: Sendable {
  private let log: String
  private let isScheduled = Mutex(false)
  private static let delay = DispatchTimeInterval.milliseconds(500)

  /// - Parameter log: the database's write-ahead log.
  init(log: String) { self.log = log }

  /// Something was committed and not waited for.
  func schedule() {
    let isFirst = isScheduled.withLock { isScheduled in
      defer { isScheduled = true }
      return !isScheduled
    }
    guard isFirst else { return }
    DispatchQueue.global(qos: .utility).asyncAfter(deadline: .now() + Self.delay) { [weak self] in self?.sync() }
  }

  /// Any descriptor of a file syncs all of it. Where that fails, the next transaction that waits will tell.
  private func sync() {
    isScheduled.withLock { $0 = false }
    let descriptor = open(log, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fdatasync(descriptor)
    close(descriptor)
  }
}

extension Database {
  /// One transaction that does not wait for the disk. The log still gets to the disk before what is copied from it.
  func writeWithoutWaiting<Value>(_ body: (Database) throws -> Value) throws -> Value {
    try execute(sql: "PRAGMA synchronous = NORMAL")
    let outcome = Result {
      var value: Value?
      try inTransaction(.immediate) {
        value = try body(self)
        return .commit
      }
      return value
    }
    try execute(sql: "PRAGMA synchronous = FULL")
    guard let value = try outcome.get() else { preconditionFailure("a transaction that was committed has a value") }
    return value
  }
}
