import Settings

/// The terms of an autoencoder's loss and their weights (`model.md` section 9).
package struct AutoencoderLossRecipe: Sendable {
  package let absoluteWeight: Double
  package let squaredWeight: Double
  /// How much an error on the object, or where it passes, counts against one on the background.
  package let objectWeight: Double
  /// Of the Kullback–Leibler divergence, where the model is variational.
  package let divergenceWeight: Double
  package let perceptualWeight: Double
  /// VGG-16's weights; nil: a network of drawn weights.
  package let perceptualFile: String?
  package let adversarialWeight: Double
  /// The first step with adversarial terms.
  package let adversarialStart: Int
  /// Channels of the discriminator's finest level.
  package let discriminatorChannels: Int
  package let gradientPenalty: Double

  init(_ table: SettingsTable?, run: RunRecipe) throws {
    func number(_ key: String, _ fallback: Double, in range: ClosedRange<Double> = 0...1000) throws -> Double {
      try table?.value(key, default: fallback, in: range) ?? fallback
    }
    absoluteWeight = try number("l1", 1)
    squaredWeight = try number("l2", 1)
    objectWeight = try number("object_weight", 1, in: 0.01...1000)
    divergenceWeight = try number("kl", 1e-6)
    perceptualWeight = try number("perceptual", 0)
    perceptualFile = try table?.optional("perceptual_weights", as: String.self).map(run.path)
    adversarialWeight = try number("adversarial", 0)
    adversarialStart = try table?.value("adversarial_from", default: 0, in: 0...100_000_000) ?? 0
    discriminatorChannels = try table?.value("discriminator_channels", default: 32, in: 1...1024) ?? 32
    gradientPenalty = try number("gradient_penalty", 0)
  }
}
