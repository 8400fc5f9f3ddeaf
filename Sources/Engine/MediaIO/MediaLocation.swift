import DurableFiles

/// Where a video or a picture lies: a file, or a part of one, as a member of a tar archive is.
package struct MediaLocation: Sendable, Hashable, CustomStringConvertible {
  package let path: String
  /// The bytes of the part; nil for the whole file.
  package let range: Range<Int>?
  /// What messages call it.
  package let name: String

  /// - Parameter name: the path where there is none.
  package init(path: String, range: Range<Int>? = nil, name: String? = nil) {
    self.path = path
    self.range = range
    self.name = name ?? path
  }

  package var description: String { name }

  /// What libavformat opens.
  var url: String {
    guard let range else { return "file:" + path }
    return "subfile,,start,\(range.lowerBound),end,\(range.upperBound),,:file:\(path)"
  }

  /// Its bytes.
  ///
  /// - Throws: `FileSystemError` if the file cannot be read, or is shorter than the part says.
  package func bytes() throws -> [UInt8] {
    guard let range else { return try DurableFile.read(path) }
    let file = try MappedFile(path)
    guard range.upperBound <= file.byteCount else {
      throw MediaError(
        .damaged, "read \"\(name)\": it ends at byte \(range.upperBound) of a file of \(file.byteCount); is it whole?")
    }
    return file.withUnsafeBytes { Array($0[range]) }
  }
}
