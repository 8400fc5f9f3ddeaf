import Autograd
import Datasets
import DurableFiles
import Foundation
import Kernels
import Layers
import Tensors
import TextEncoding

/// Trains a small T5 encoder, and the tokenizer before it, so that what a caption says can be read off its encoding by
/// linear heads. The heads are thrown away, the encoder is frozen: denoisers attend to its output.
package final class TextEncoderTask: TrainingTask {
  package let updater: WeightUpdater
  private let recipe: TextEncoderRecipe
  private let run: RunRecipe
  private let configuration: T5Configuration
  private let encoder: T5Encoder
  private let heads: AttributeHeads
  private let tokenizer: Tokenizer
  private let tokenizerPath: String

  /// - Parameter workFolder: where the tokenizer is kept until it is exported; it is trained if it is not there.
  package init(_ recipe: TextEncoderRecipe, run: RunRecipe, workFolder: String) throws {
    self.recipe = recipe
    self.run = run
    configuration = try T5Configuration(contentsOf: URL(fileURLWithPath: run.modelFolder + "/config.json"))
    tokenizerPath = workFolder + "/spiece.model"
    if !DurableFile.exists(tokenizerPath) { try Self.trainTokenizer(recipe, seed: run.seed, path: tokenizerPath) }
    tokenizer = try Tokenizer(modelFile: URL(fileURLWithPath: tokenizerPath), maxTokens: configuration.maxTokens)
    guard tokenizer.pieceCount <= configuration.vocabularySize else {
      throw TrainingError(
        .recipe,
        "train \(run.name): the tokenizer has \(tokenizer.pieceCount) pieces, vocab_size allows "
          + "\(configuration.vocabularySize); lower pieces or raise vocab_size")
    }
    encoder = T5Encoder(
      configuration, store: ParameterStore(initializing: T5Encoder.specifications(configuration), seed: run.seed))
    heads = AttributeHeads(width: configuration.hidden, seed: run.seed)
    updater = WeightUpdater(encoder.store.parameters + heads.store.parameters, recipe: run.optimizer)
  }

  private static func trainTokenizer(_ recipe: TextEncoderRecipe, seed: UInt64, path: String) throws {
    let scenes = SceneSource(seed: seed)
    let lines = (0..<recipe.tokenizerCaptionCount).map { CaptionBatches.caption(scenes, index: $0).text }
    let (textPath, unfinished) = (path + ".txt", path + ".tmp")
    try DurableFile.makeFolder(path.folderAndName.folder)
    try DurableFile.replace(textPath, with: lines.joined(separator: "\n") + "\n")
    try Tokenizer.train(
      textFile: URL(fileURLWithPath: textPath), modelFile: URL(fileURLWithPath: unfinished),
      pieceCount: recipe.pieceCount)
    try DurableFile.publish(unfinished, as: path)
  }

  package var samplesPerBatch: Int { recipe.captionsPerStep }

  package func batchMaker() -> @Sendable (Int) throws -> CaptionBatch {
    let batches = CaptionBatches(
      seed: run.seed, split: .training, count: recipe.captionsPerStep, tokenizer: tokenizer)
    return { try batches.batch(at: $0) }
  }

  package func loss(
    of batch: CaptionBatch, number: Int, on tape: Tape
  ) throws -> (loss: Variable, parts: [String: Double]) {
    let losses = zip(logits(of: batch, on: tape), batch.labels).map { tape.crossEntropy($0, labels: $1) }
    return (losses.dropFirst().reduce(losses[0]) { tape.add($0, $1) }, [:])
  }

  private func logits(of batch: CaptionBatch, on tape: Tape) -> [Variable] {
    let text = encoder.encode(batch.ids, on: tape)
    return heads(tape.meanOfRows(text.rows, ranges: text.ranges), on: tape)
  }

  /// The share of fresh captions of which each attribute, and all of them, are read rightly.
  package func measure(on device: ComputeDevice) throws -> [String: Double] {
    var figures: [String: Double] = [:]
    for split in [SceneSplit.training, .heldOut] {
      let batch = try CaptionBatches(seed: 0x7E57, split: split, count: 1000, tokenizer: tokenizer).batch(at: 0)
      let found = logits(of: batch, on: Tape(device: device, recording: false)).map { classes(ofLogits: $0.value) }
      let right = (0..<1000).count { item in zip(found, batch.labels).allSatisfy { $0[item] == $1[item] } }
      figures["all \(split.rawValue)"] = Double(right) / 1000
      for (position, attribute) in SceneAttribute.allCases.enumerated() {
        let right = zip(found[position], batch.labels[position]).count { $0 == $1 }
        figures["\(attribute.rawValue) \(split.rawValue)"] = Double(right) / 1000
      }
    }
    return figures
  }

  package func export(to folder: String, on device: ComputeDevice) throws {
    try run.export(encoder.store, to: folder)
    try DurableFile.replace(folder + "/spiece.model", with: DurableFile.read(tokenizerPath))
  }
}
