/// Why something cannot be measured.
package struct EvaluationError: Error, CustomStringConvertible, Equatable {
  package enum Code: String, Sendable {
    case tooFew
    case notFinite
    /// Two things to compare that do not fit together.
    case mismatch
  }

  package let code: Code
  package let description: String

  /// - Parameter message: *what was attempted: what is wrong, found against allowed; what to do next*.
  package init(_ code: Code, _ message: String) {
    self.code = code
    description = message
  }
}
