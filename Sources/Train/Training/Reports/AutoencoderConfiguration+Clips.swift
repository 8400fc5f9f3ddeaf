import VideoAutoencoder

extension AutoencoderConfiguration {
  /// Refuses clips that the model cannot encode.
  ///
  /// - Parameters:
  ///   - side: pixels of a side.
  ///   - folder: the model's, for the message.
  /// - Throws: `TrainingError`.
  package func check(frameCount: Int, side: Int, folder: String) throws {
    guard pixelChannels == 3, (frameCount - 1) % temporalFactor == 0, side % spatialFactor == 0 else {
      throw TrainingError(
        .model,
        "encode clips with \"\(folder)\": they have \(frameCount) frames of \(side)×\(side) pixels of 3 channels, it "
          + "takes 1 + a multiple of \(temporalFactor) frames, multiples of \(spatialFactor) pixels and "
          + "\(pixelChannels) channels; choose another length or side")
    }
  }
}
