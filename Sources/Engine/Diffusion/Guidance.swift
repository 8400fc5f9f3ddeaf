import Glibc
import Tensors

/// Classifier-free guidance: how far the conditional prediction is pushed from the unconditional one, at each step.
package enum Guidance: Sendable, Equatable {
  /// v̂ = v_u + s·(v_c − v_u) with the same s at every step; s = 1 needs no unconditional pass.
  case constant(Double)
  /// s rises from 1 at pure noise to this scale at the clean end: 1 + (scale − 1)·(1 − cos(π·(1 − t)⁴))/2.
  ///
  /// `model.md` gives no formula: this is our reading, the schedule of that name of the Masked Diffusion Transformer
  /// (Gao et al., "improved classifier-free guidance") with its power of 4. Early steps, which settle what is seen,
  /// stay close to the conditional prediction and keep variety; late ones are pushed.
  case powerCosine(Double)

  /// The scale at `time`, the paper's t: 1 is pure noise, 0 the clean end.
  package func scale(time: Double) -> Double {
    switch self {
    case .constant(let scale): return scale
    case .powerCosine(let scale):
      let squared = (1 - time) * (1 - time)
      return 1 + (scale - 1) * (1 - cos(.pi * squared * squared)) / 2
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
