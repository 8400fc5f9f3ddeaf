import DurableFiles
import Foundation
import Tensors
import VideoPipeline

/// The models that a worker has loaded, kept from task to task; a folder that has changed since is read again, and so is
/// a model that other kernels have used: its weights lie as they want them.
final class ModelShelf {
  private var models: [String: Entry] = [:]

  private struct Entry {
    let model: VideoModel
    let stamp: [String]
    /// Of the device that uses the model.
    let kernels: String
    var texts = TextCache()
    var digests: [String: String]?
  }

  /// The model in `folder`, its parts read when they are needed.
  ///
  /// - Parameter kernels: of the device that is to use it.
  func model(_ folder: String, kernels: String) throws -> VideoModel {
    let stamp = Folder.stamps(below: folder)
    if let entry = models[folder], entry.stamp == stamp, entry.kernels == kernels { return entry.model }
    let model = try VideoModel(folder: URL(filePath: folder))
    models[folder] = Entry(model: model, stamp: stamp, kernels: kernels)
    return model
  }

  /// Prompts encoded by the model that `model` gave last for `folder`, from the cache where they are there.
  func texts(
    _ prompts: [String], model folder: String, encode: ([String]) throws -> [Tensor]
  ) rethrows -> [Tensor] {
    guard models[folder] != nil else { return try encode(prompts) }
    return try models[folder]!.texts.texts(of: prompts, encode: encode)
  }

  /// The SHA-256 of each weights file that `pipeline.json` of the model in `folder` names, by its path inside it.
  ///
  /// - Throws: a failure of kind `model` where the folder's `SHA256SUMS` says something else.
  func weightsDigests(_ folder: String, of model: VideoModel) throws -> [String: String] {
    if let digests = models[folder]?.digests { return digests }
    var digests: [String: String] = [:]
    let sums = Dictionary(SHA256Sums(in: folder).digests.map { ($0.file, $0.sha256) }) { first, _ in first }
    for file in try model.weightsFiles() {
      let digest = try sha256(ofFile: "\(folder)/\(file)")
      if let sum = sums[file], sum != digest {
        throw Failure(
          .model, "load weights \"\(folder)/\(file)\": it is not what SHA256SUMS says; copy it there again",
          exitCode: .badConfiguration)
      }
      digests[file] = digest
    }
    models[folder]?.digests = digests
    return digests
  }
}
