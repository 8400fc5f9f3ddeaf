import Layers
import Tensors

extension ModelConfiguration {
  /// Writes a model of this configuration whose weights are drawn from `seed` (model.md section 9), in a folder.
  ///
  /// Memory holds one weight at a time.
  ///
  /// - Throws: `TrainingError` if the folder holds a model already or the disk is too small.
  package func writeInitialModel(to folder: String, as type: FloatType, seed: UInt64) throws {
    try ModelFolderWriter(folder: folder).write(specifications, json: json) { _ in
      type
    } value: {
      $0.draw(seed: seed)
    }
  }
}
