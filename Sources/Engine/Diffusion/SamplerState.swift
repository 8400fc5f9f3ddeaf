import Tensors

/// All that a sampler must know to go on: which step is next, the noisy latent and the last estimate of the clean one.
///
/// Nothing else is kept between steps, so that a run resumed from a saved state ends with the same bits.
package struct SamplerState: Sendable {
  /// The step that is done next, 0 at first; equal to the number of steps when the sampler is through.
  package var step: Int
  /// The noisy (at last: clean) latent, [F, h, w, c].
  package var x: Tensor
  /// x̂0 of the step before, which the next one sees as self-conditioning; zeros at first. [F, h, w, c]
  package var clean: Tensor

  package init(step: Int, x: Tensor, clean: Tensor) {
    precondition(x.shape == clean.shape, "a sampler state of shapes \(x.shape) and \(clean.shape)")
    self.step = step
    self.x = x
    self.clean = clean
  }

  /// The state before the first step.
  package init(noise: Tensor) { self.init(step: 0, x: noise, clean: Tensor(zeros: noise.shape)) }
}
