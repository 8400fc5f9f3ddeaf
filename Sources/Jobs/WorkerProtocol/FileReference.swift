/// A file that another task or attempt has written, with the digest that it must have.
package struct FileReference: Codable, Equatable, Hashable, Sendable {
  /// Absolute, or relative to the attempt's folder.
  package var path: String
  /// 64 lower-case hexadecimal digits.
  package var sha256: String

  package init(path: String, sha256: String) {
    self.path = path
    self.sha256 = sha256
  }
}

/// A checkpoint and the place that it holds.
package struct CheckpointReference: Codable, Equatable, Sendable {
  package var file: FileReference
  /// Steps that are done: the next one to compute has this index.
  package var step: Int

  package init(file: FileReference, step: Int) {
    self.file = file
    self.step = step
  }
}

/// A file that a task has made.
package struct OutputFile: Codable, Equatable, Sendable {
  /// `text`, `latents`, `video`, `poster`, `frame-000000` …
  package var name: String
  /// Relative to the attempt's folder.
  package var path: String
  package var sha256: String
  package var byteCount: Int

  package init(name: String, path: String, sha256: String, byteCount: Int) {
    self.name = name
    self.path = path
    self.sha256 = sha256
    self.byteCount = byteCount
  }

  enum CodingKeys: String, CodingKey {
    case name, path, sha256
    case byteCount = "bytes"
  }
}
