import JobModel

/// What the daemon answers where it cannot do what was asked; the body of every response above 399.
package struct ControlError: Error, Codable, Equatable, Sendable, CustomStringConvertible {
  package enum Code: String, Codable, Sendable {
    /// No such path, or no such job.
    case notFound = "not_found"
    /// The job's state does not allow it.
    case conflict
    /// The request cannot be understood.
    case badRequest = "bad_request"
    /// Our own mistake; the log has more.
    case `internal`
  }

  package var error: Code
  /// *What was attempted: what is wrong, found against allowed; what to do next.*
  package var message: String

  package init(_ error: Code, _ message: String) {
    self.error = error
    self.message = message
  }

  package var description: String { message }

  /// The HTTP status that goes with it.
  package var status: Int {
    switch error {
    case .notFound: 404
    case .conflict: 409
    case .badRequest: 400
    case .internal: 500
    }
  }
}

/// The answer to a change of a job's state: `POST /v1/jobs/ID/cancel`.
package struct JobChange: Codable, Equatable, Sendable {
  package var id: JobID
  /// The state after the change.
  package var state: JobState

  package init(id: JobID, state: JobState) {
    self.id = id
    self.state = state
  }
}

/// The answer to `POST /v1/jobs`: where the request was put.
package struct Submission: Codable, Equatable, Sendable {
  /// Relative to the spool.
  package var request: String

  package init(request: String) { self.request = request }
}
