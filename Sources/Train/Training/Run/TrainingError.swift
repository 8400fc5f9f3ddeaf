/// Why a training run cannot begin or go on.
package struct TrainingError: Error, CustomStringConvertible, Equatable {
  package enum Code: String, Sendable {
    /// The recipe asks for something that does not exist or does not fit together.
    case recipe
    /// A saved state belongs to another recipe or model.
    case checkpoint
    /// A model cannot be converted as asked, or written where asked.
    case model
    /// The loss or a gradient is no longer a number.
    case diverged
    /// A file cannot be read or written.
    case file
  }

  package let code: Code
  package let description: String

  /// - Parameter message: *what was attempted: what is wrong, found against allowed; what to do next*.
  package init(_ code: Code, _ message: String) {
    self.code = code
    description = message
  }
}
