import DurableFiles
import JobModel

/// What an earlier publication says it left beside a request: only that may be replaced.
struct PublishedFiles {
  /// SHA-256 by name, relative to the request's folder.
  let digests: [String: String]

  init(in folder: Folder, names: OutputNames) {
    let files = Self.document(names.result, in: folder)?["run"]?["files"]?.arrayValue ?? []
    let pairs = files.compactMap { file in
      file["name"]?.stringValue.flatMap { name in file["sha256"]?.stringValue.map { (name, $0) } }
    }
    digests = Dictionary(pairs) { first, _ in first }
  }

  /// Whether the file there now is what was published.
  func holds(_ name: String, in folder: Folder) -> Bool {
    guard let published = digests[name] else { return false }
    return Self.digest(name, in: folder) == published
  }

  /// Whether a folder of this name was published.
  func hasFolder(_ name: String) -> Bool { digests.keys.contains { $0.hasPrefix(name + "/") } }

  /// A small JSON file that may be ours; nil where it is none.
  static func document(_ name: String, in folder: Folder) -> JSONValue? {
    guard let file = try? folder.open(name) else { return nil }
    let limits = JSONLimits(byteCount: 64 << 20, depth: 64, valueCount: 1_000_000)
    guard let bytes = try? file.readAll(limit: limits.byteCount, path: name) else { return nil }
    return try? JSONDocument(parsing: bytes, limits: limits).root.value
  }

  static func digest(_ name: String, in folder: Folder) -> String? {
    guard let file = try? folder.open(name) else { return nil }
    return (try? SHA256Digest(ofOpenFile: file, path: name))?.hex
  }

  static func isResult(_ document: JSONValue) -> Bool { document["reproducible"] != nil && document["run"] != nil }

  static func isError(_ document: JSONValue) -> Bool {
    document["error"]?.stringValue != nil && document["message"]?.stringValue != nil
  }
}
