/// What is wrong with a picture or a video, or with writing one.
///
/// Its description has the form *what was attempted: what is wrong, found against allowed; what to do next.*
package struct MediaError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// The file cannot be opened, or holds nothing that is known.
    case unreadable
    /// The file contradicts itself or ends too early.
    case damaged
    /// More pixels or bytes than the caller allows.
    case tooLarge
    /// A size or a text that the format cannot hold.
    case unsupported
    /// The encoder or the file system refused.
    case notWritten
  }

  package let code: Code
  package let message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }
}
