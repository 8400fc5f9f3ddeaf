import DurableFiles
import Foundation
import VideoPipeline

/// The models that a worker has loaded, kept from task to task; a folder that has changed since is read again.
final class ModelShelf {
  private var models: [String: Entry] = [:]

  private struct Entry {
    let model: VideoModel
    let stamp: [String]
    var digests: [String: String]?
  }

  /// The model in `folder`, its parts read when they are needed.
  func model(_ folder: String) throws -> VideoModel {
    let stamp = Self.stamp(folder)
    if let entry = models[folder], entry.stamp == stamp { return entry.model }
    let model = try VideoModel(folder: URL(filePath: folder))
    models[folder] = Entry(model: model, stamp: stamp, digests: nil)
    return model
  }

  /// The SHA-256 of each weights file that `pipeline.json` names, by its path inside the folder.
  func weightsDigests(_ folder: String) throws -> [String: String] {
    let model = try model(folder)
    if let digests = models[folder]?.digests { return digests }
    var digests: [String: String] = [:]
    for file in try model.weightsFiles() { digests[file] = try sha256(ofFile: "\(folder)/\(file)") }
    models[folder]?.digests = digests
    return digests
  }

  /// Path, size and time of change of every file below `folder`.
  private static func stamp(_ folder: String) -> [String] {
    let keys: [URLResourceKey] = [.fileSizeKey, .contentModificationDateKey]
    let files = FileManager.default.enumerator(at: URL(filePath: folder), includingPropertiesForKeys: keys)
    let stamps = files?.compactMap { file -> String? in
      guard let url = file as? URL, let values = try? url.resourceValues(forKeys: Set(keys)) else { return nil }
      let changed = values.contentModificationDate?.timeIntervalSinceReferenceDate ?? 0
      return "\(url.path) \(values.fileSize ?? 0) \(changed)"
    }
    return (stamps ?? []).sorted()
  }
}
