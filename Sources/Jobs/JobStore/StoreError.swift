import GRDB
import JobModel

/// Why the store refused: the caller asked for what the job's state does not allow, or the file is no good.
package struct StoreError: Error, Equatable, Sendable, CustomStringConvertible {
  package enum Code: Sendable {
    /// There is no such job or task.
    case notFound
    /// The job's state does not allow it.
    case conflict
    /// The lease is no longer the caller's: the task was cancelled, ended or given to another attempt.
    case fenced
    /// The database is damaged; `waltctl doctor` rebuilds it.
    case damaged
  }

  package let code: Code
  /// *What was attempted: what is wrong, found against allowed; what to do next.*
  package let message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package static func missing(_ job: JobID) -> StoreError {
    StoreError(.notFound, "job \(job): there is no such job; waltctl list shows them")
  }

  package var description: String { message }

  /// Whether `error`, thrown by the store, means that the disk is full: nothing was changed, try again later.
  package static func isDiskFull(_ error: any Error) -> Bool {
    (error as? DatabaseError)?.resultCode == .SQLITE_FULL
  }
}
