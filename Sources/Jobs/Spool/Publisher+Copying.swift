import DurableFiles
import Foundation
import JobModel

extension RunRecord.File {
  init(name: String, source: String) throws {
    let digest = try SHA256Digest(ofFile: source)
    var status = stat()
    guard stat(source, &status) == 0 else { throw FileSystemError("stat", source) }
    self.init(name: name, byteCount: Int(status.st_size), sha256: digest.hex)
  }
}

extension String {
  /// What stands before the first slash: the name in the request's folder.
  var firstPart: String { split(separator: "/").first.map(String.init) ?? self }

  /// What stands after the last dot of the last part.
  var fileExtension: String { split(separator: ".").last.map(String.init) ?? "" }
}

extension Folder {
  /// Copies a file into this folder, durably.
  func copy(_ source: String, to name: String, temporary: String? = nil) throws {
    let map = try MappedFile(source)
    try replace(name, temporary: temporary) { file in try file.write(map.bytes, path: pathOf(name)) }
  }
}
