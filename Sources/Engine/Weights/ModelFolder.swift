import Foundation

/// Where the weights of a model lie: `model.safetensors`, or the shards that `model.safetensors.index.json` names.
package enum ModelFolder {
  /// Opens all weights files of `folder`.
  package static func openWeights(in folder: URL) throws -> [SafetensorsFile] {
    let index = folder.appendingPathComponent("model.safetensors.index.json")
    guard FileManager.default.fileExists(atPath: index.path) else {
      return [try SafetensorsFile(path: folder.appendingPathComponent("model.safetensors").path)]
    }
    return try shardNames(index).map { try SafetensorsFile(path: folder.appendingPathComponent($0).path) }
  }

  /// The distinct file names in an index's `weight_map`, sorted; plain names only, so that no index leads elsewhere.
  private static func shardNames(_ index: URL) throws -> [String] {
    let object = try ConfigurationObject(contentsOf: index)
    object.ignoreOthers()
    let map = try object.object("weight_map")
    var names: Set<String> = []
    for tensor in map.keys {
      let name = try map.string(tensor)
      guard !name.contains("/"), !name.hasPrefix(".") else {
        throw map.error(.invalidValue, tensor, "is \"\(name)\", expected a file name without a folder")
      }
      names.insert(name)
    }
    return names.sorted()
  }
}
