import DurableFiles

extension SafetensorsDocument {
  /// Replaces the file at `path`, which appears whole or not at all.
  ///
  /// - Throws: `FileSystemError`.
  package func write(to path: String) throws {
    try DurableFile.replace(path, with: data())
  }
}
