import Diffusion
import Tensors

/// One clip's part in a stage: what conditions it and how it is sampled (`model.md` sections 6 and 7).
package struct StageItem: Sendable {
  /// Seed, stage, chunk and item of all its noise.
  package var noise: NoiseKey
  package var sampling: StageSampling
  package var isImage: Bool
  /// 0…classes − 1; nil for models without classes. The unconditional branch sees the null class.
  package var classLabel: Int?
  /// The encoded prompt [n, d_text]; nil for models without text.
  package var text: Tensor?
  /// The encoded negative prompt; nil for the learned null text.
  package var negativeText: Tensor?
  /// Normalised latents [F, h/2, w/2, c] of the same chunk from the stage below; upsamplers only.
  package var lowResolution: Tensor?
  /// Clean latents of the first n_cond frames [n_cond, h, w, c]; nil for none. They also end up in the result.
  package var givenFrames: Tensor?

  package init(
    noise: NoiseKey, sampling: StageSampling, isImage: Bool, classLabel: Int? = nil, text: Tensor? = nil,
    negativeText: Tensor? = nil, lowResolution: Tensor? = nil, givenFrames: Tensor? = nil
  ) {
    self.noise = noise
    self.sampling = sampling
    self.isImage = isImage
    self.classLabel = classLabel
    self.text = text
    self.negativeText = negativeText
    self.lowResolution = lowResolution
    self.givenFrames = givenFrames
  }
}
