/// What is wrong with a data set as a whole; single damaged files are skipped and listed instead.
package struct DatasetError: Error, CustomStringConvertible, Equatable {
  package enum Code: String, Sendable {
    /// There is no such folder or archive, or nothing usable in it.
    case unreadable
    /// A file that describes the others says something that cannot be.
    case malformed
  }

  package let code: Code
  package let description: String

  /// - Parameter message: *what was attempted: what is wrong; what to do next*.
  package init(_ code: Code, _ message: String) {
    self.code = code
    description = message
  }
}
