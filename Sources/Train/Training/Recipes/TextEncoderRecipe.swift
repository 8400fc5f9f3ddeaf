import Settings

/// What a text encoder's recipe says beyond the common part.
package struct TextEncoderRecipe: Sendable {
  /// Pieces of the tokenizer, at most.
  package let pieceCount: Int
  /// Captions that the tokenizer is trained on.
  package let tokenizerCaptionCount: Int
  package let captionsPerStep: Int

  init(_ table: SettingsTable) throws {
    pieceCount = try table.value("pieces", default: 400, in: 32...100_000)
    tokenizerCaptionCount = try table.value("tokenizer_captions", default: 20_000, in: 100...10_000_000)
    captionsPerStep = try table.value("captions_per_step", default: 64, in: 1...65_536)
  }
}
