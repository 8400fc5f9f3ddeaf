import DurableFiles
import JobModel

/// Puts requests into the spool as a careful producer does: whole, durable, and never over one that is there.
package struct SpoolEntrance: Sendable {
  private let root: String

  /// - Parameter root: the spool's path.
  package init(root: String) { self.root = root }

  /// Writes a request.
  ///
  /// - Parameters:
  ///   - name: of the file, without a folder.
  ///   - folder: below the spool; made where it is not there. Empty: the spool itself.
  ///   - existing: what to do where a request has the name.
  /// - Returns: the request's path, relative to the spool.
  /// - Throws: `RequestError` where name or folder may not be, else `FileSystemError`.
  package func put(
    _ bytes: [UInt8], as name: String, into folder: String = "", existing: ExistingFile = .refuse
  ) throws -> String {
    try Self.check(name)
    var place = try Folder(root)
    let parts = folder.split(separator: "/").map(String.init)
    for part in parts {
      guard part != "..", part != ".", !part.hasPrefix(".") else {
        throw RequestError(.name, "folder \"\(folder)\" must lie below the spool, and no part of it may be hidden")
      }
      place = try place.makeFolder(part, permissions: 0o2775)
    }
    try place.replace(name, with: bytes, existing: existing, permissions: 0o664)
    return (parts + [name]).joined(separator: "/")
  }

  /// - Throws: where no request may have this name.
  package static func check(_ name: String) throws(RequestError) {
    switch name.contains("/") ? .other : RequestName(name) {
    case .single, .batch: return
    case .refused(let why): throw RequestError(.name, why)
    case .other: throw RequestError(.name, "a request is named NAME.json or NAME.jsonl, found \"\(name)\"; rename it")
    }
  }
}
