import Tensors

/// Classifier-free guidance: how far the conditional prediction is pushed from the unconditional one, at each step.
package enum Guidance: Sendable, Equatable {
  /// v̂ = v_u + s·(v_c − v_u) with the same s at every step; s = 1 needs no unconditional pass.
  case constant(Double)

  /// The scale at `step` (0 first) of `stepCount`.
  package func scale(step: Int, of stepCount: Int) -> Double {
    switch self {
    case .constant(let scale): scale
    }
  }

  /// Whether any step looks at the unconditional prediction.
  package var needsUnconditional: Bool {
    switch self {
    case .constant(let scale): scale != 1
    }
  }

  /// v_u + s·(v_c − v_u), equal shapes.
  package static func combine(conditional: Tensor, unconditional: Tensor, scale: Double) -> Tensor {
    precondition(
      conditional.shape == unconditional.shape, "guiding \(conditional.shape) away from \(unconditional.shape)")
    let result = Tensor(uninitialized: conditional.shape)
    let (with, without, guided) = (conditional.pointer, unconditional.pointer, result.pointer)
    let factor = Float(scale)
    withExtendedLifetime((conditional, unconditional)) {
      for index in 0..<result.count { guided[index] = without[index] + factor * (with[index] - without[index]) }
    }
    return result
  }
}
