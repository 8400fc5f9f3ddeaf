import DurableFiles
import Foundation
import Tensors
import Weights

/// The saved state of a run: weights, averages, moments and how far it has come, one safetensors file that appears
/// whole.
struct Checkpoint {
  let path: String
  /// Of the recipe's text: a state is taken up only by the recipe that made it.
  let recipeDigest: String

  func save(_ updater: WeightUpdater, progress: TrainingProgress) throws {
    let tensors = updater.tensors
    let writer = SafetensorsWriter(
      tensors.map { SafetensorsWriter.Entry($0.key, $0.value.shape, .float32) },
      metadata: [
        "recipe": recipeDigest, "step": "\(progress.step)", "samples": "\(progress.samples)",
        "seconds": "\(progress.seconds)", "updates": "\(updater.updateCount)",
      ])
    try writer.write(to: path) { name in
      guard let tensor = tensors[name] else { preconditionFailure("no tensor \(name) was announced") }
      return tensor
    }
  }

  /// Takes up the state, if there is one.
  ///
  /// - Parameter acceptsOtherRecipe: goes on with a recipe that was changed meanwhile; the result is then neither's.
  func load(into updater: WeightUpdater, acceptsOtherRecipe: Bool) throws -> TrainingProgress? {
    guard DurableFile.exists(path) else { return nil }
    let file = try SafetensorsFile(path: path)
    guard acceptsOtherRecipe || file.metadata["recipe"] == recipeDigest else {
      throw TrainingError(
        .checkpoint,
        "take up \"\(path)\": it was made by another recipe than this one; give --changed-recipe to go on with the "
          + "changed one, or another --work folder to begin anew")
    }
    var progress = TrainingProgress()
    progress.step = try number("step", file)
    progress.samples = try number("samples", file)
    progress.seconds = file.metadata["seconds"].flatMap(Double.init) ?? 0
    try updater.restore(updateCount: number("updates", file)) { name, shape in
      let tensor = try file.tensor(name)
      guard tensor.shape == shape else {
        throw TrainingError(
          .checkpoint,
          "take up \"\(path)\": \(name) is \(tensor.shape), expected \(shape); the model's configuration has changed, "
            + "give another --work folder to begin anew")
      }
      return tensor
    }
    return progress
  }

  private func number(_ key: String, _ file: SafetensorsFile) throws -> Int {
    guard let number = file.metadata[key].flatMap({ Int($0) }) else {
      throw TrainingError(.checkpoint, "take up \"\(path)\": it does not say \(key); it is no checkpoint of walt-train")
    }
    return number
  }
}
