/// Why a text encoder or its tokenizer cannot be used.
package struct TextEncodingError: Error, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    case tokenizerUnreadable = "tokenizer_unreadable"
    case tokenizerTraining = "tokenizer_training"
    case textUnreadable = "text_unreadable"
    case configuration
  }

  package let code: Code
  /// What was attempted: what is wrong, found against allowed; what to do next.
  package let description: String

  init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
