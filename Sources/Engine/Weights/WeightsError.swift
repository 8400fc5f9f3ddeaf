/// What is wrong with a model's file or configuration.
///
/// Its description has the form *what was attempted: what is wrong, found against allowed; what to do next.*
package struct WeightsError: Error, Hashable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// The file cannot be opened or read.
    case unreadable
    /// Not well-formed: JSON or a safetensors header that contradicts itself or the file's size.
    case malformed
    /// A configuration key that no one reads.
    case unknownKey
    case missingKey
    /// A configuration value of the wrong type or outside what is allowed.
    case invalidValue
    case unknownTensor
    case missingTensor
    case wrongShape
    /// An element type that walt does not read, or not as what was asked for.
    case wrongType
  }

  package let code: Code
  package let message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }
}
