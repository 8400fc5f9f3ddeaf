import Tensors

/// One item of a denoiser's batch: a video, or a stack of as many independent images (§4.1 of the paper).
package struct DenoiserItem: Sendable, Equatable {
  package let isImageStack: Bool
  /// One for a video, one for each image of a stack.
  package let conditions: [Condition]
  /// Latent frames given to a video instead of noise: 0, 1 or 2 (§4.4).
  package let givenFrameCount: Int
  /// Whether the network sees them; it is to do without them, too, for guidance.
  package let showsGivenFrames: Bool

  /// What one video or image is denoised under.
  package struct Condition: Sendable, Equatable {
    /// 0…999.
    package let timestep: Int
    /// `nil`: the null text, or a model without text.
    package let caption: String?
    /// `nil`: the null class, or a model without classes.
    package let classLabel: Int?
    /// Noise-conditioning augmentation of an upsampler's input, 0…k_max (§4.5); `nil` for a base model.
    package let augmentation: Int?
  }
}

/// A denoiser's training batch, noise and all.
package struct DenoiserBatch: Sendable {
  package let items: [DenoiserItem]
  /// Normalised clean latents, their noisy form x_k and the velocity to predict: [B, F, h, w, c].
  package let clean: Tensor
  package let noisy: Tensor
  package let target: Tensor
  /// The noise-augmented low-resolution latents of an upsampler: [B, F, h/2, w/2, c].
  package let lowResolution: Tensor?
  /// Whether a first pass gives the estimate that the second is conditioned on (§4.3).
  package let isSelfConditioned: Bool
  /// How much the error at each latent pixel counts, B·F·h·w values: nothing in given frames.
  package let pixelWeights: [Float]
}
