import Tensors

/// Activation checkpointing (Chen et al. 2016).
extension Tape {
  /// The result of `body`, of which the tape keeps nothing but the inputs: the backward pass computes it again. Values
  /// and gradients are those of `body` recorded as it stands, bit for bit.
  ///
  /// - Parameter body: reads no variables but those that it is given, and the same parameters each time.
  package func recomputing(
    _ inputs: [Variable], _ body: @escaping (_ inputs: [Variable], _ tape: Tape) -> Variable
  ) -> Variable {
    let silent = Tape(device: device, recording: false)
    let value = body(inputs.map { silent.constant($0.value) }, silent).value
    guard isRecording else { return constant(value) }
    // Recorded even if no input wants a gradient: parameters inside may.
    return recordAlways(value, inputs) { [unowned self] gradient in
      let inner = Tape(device: device, recording: true)
      let leaves = inputs.map { $0.node == nil ? inner.constant($0.value) : inner.leaf($0.value) }
      inner.backward(from: body(leaves, inner), gradient: gradient)
      addParameterGradients(of: inner)
      return leaves.map { inner.gradient(of: $0) }
    }
  }
}
