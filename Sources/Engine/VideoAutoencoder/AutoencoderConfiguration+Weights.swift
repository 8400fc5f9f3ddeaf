import Layers

extension AutoencoderConfiguration {
  /// Every weight of the model, in the order of model.md section 10.2.
  package var specifications: [ParameterSpecification] {
    [
      ParameterSpecification("latent_mean", [latentChannels], .zeros, isTrainable: false),
      ParameterSpecification("latent_std", [latentChannels], .ones, isTrainable: false),
    ] + Encoder.specifications(self) + Decoder.specifications(self)
  }
}
