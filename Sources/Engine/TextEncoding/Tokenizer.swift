import CSentencePiece
import Foundation

/// SentencePiece pieces as T5 uses them: ids end with EOS (1) and have at most `maxTokens` entries, EOS included.
///
/// Safe to share between threads: a loaded model does not change.
package final class Tokenizer: @unchecked Sendable {
  package static let padding = 0
  package static let endOfSequence = 1
  package static let unknown = 2

  private let model: OpaquePointer
  private let maxTokens: Int

  /// Loads `spiece.model`.
  ///
  /// - Throws: `TextEncodingError` if the file cannot be read or is not a SentencePiece model.
  package init(modelFile: URL, maxTokens: Int = 128) throws {
    precondition(maxTokens > 0, "a tokenizer for \(maxTokens) tokens has no room for EOS")
    let bytes: Data
    do {
      bytes = try Data(contentsOf: modelFile)
    } catch {
      throw TextEncodingError(
        .tokenizerUnreadable,
        "load tokenizer \"\(modelFile.path)\": \(error.localizedDescription); a model's t5 folder holds spiece.model")
    }
    var message = [CChar](repeating: 0, count: 256)
    let loaded = bytes.withUnsafeBytes { raw in
      raw.baseAddress.flatMap { walt_sentencepiece_load($0, raw.count, &message, message.count) }
    }
    guard let loaded else {
      throw TextEncodingError(
        .tokenizerUnreadable,
        "load tokenizer \"\(modelFile.path)\": \(text(message)), expected a SentencePiece model; "
          + "was it copied whole?")
    }
    model = loaded
    self.maxTokens = maxTokens
  }

  deinit { walt_sentencepiece_free(model) }

  /// The number of pieces, which is the least `vocab_size` of a text encoder that goes with this tokenizer.
  package var pieceCount: Int { Int(walt_sentencepiece_piece_count(model)) }

  /// The ids of `text`: its first pieces, then EOS.
  ///
  /// - Throws: `TextEncodingError` if SentencePiece refuses the text.
  package func encode(_ text: String) throws -> [Int] {
    var ids = [Int32](repeating: 0, count: maxTokens)
    var utf8 = text
    let count = utf8.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { characters in
        guard let start = characters.baseAddress, !characters.isEmpty else { return Int64(0) }
        return walt_sentencepiece_encode(model, start, characters.count, &ids, ids.count)
      }
    }
    guard count >= 0 else {
      throw TextEncodingError(.textUnreadable, "encode a prompt: SentencePiece refuses it; is it plain UTF-8 text?")
    }
    return ids.prefix(min(Int(count), maxTokens - 1)).map(Int.init) + [Self.endOfSequence]
  }

  /// Trains a unigram model on `textFile`, one sentence a line, and writes `modelFile`.
  ///
  /// Ids are T5's: pad 0, EOS 1, unknown 2, no BOS. One thread and nothing drawn at random: the same text gives the
  /// same model.
  ///
  /// - Parameter pieceCount: how many pieces at most; a small text may not have so many.
  /// - Throws: `TextEncodingError` with SentencePiece's reason.
  package static func train(textFile: URL, modelFile: URL, pieceCount: Int) throws {
    var message = [CChar](repeating: 0, count: 512)
    let status = walt_sentencepiece_train(
      textFile.path, modelFile.path, Int32(clamping: pieceCount), &message, message.count)
    guard status == 0 else {
      throw TextEncodingError(
        .tokenizerTraining,
        "train a tokenizer of \(pieceCount) pieces on \"\(textFile.path)\": \(text(message)); "
          + "is there enough text, one sentence a line?")
    }
  }
}

private func text(_ message: [CChar]) -> String {
  String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
