/// Why the pipeline cannot do what it was asked to.
package struct PipelineError: Error, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// The model has no such part or ability.
    case unsupported
    /// Parts of a model folder that contradict each other.
    case mismatchedParts = "mismatched_parts"
    /// Latents, text or a state of the wrong shape for the model.
    case wrongShape = "wrong_shape"
  }

  package let code: Code
  /// What was attempted: what is wrong, found against allowed; what to do next.
  package let description: String

  init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
