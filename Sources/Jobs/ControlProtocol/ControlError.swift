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
