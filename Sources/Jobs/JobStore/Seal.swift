import DurableFiles
import Foundation

/// The digest of the database's file as it was closed in order: any byte that is another one later was not changed by
/// us. SQLite has no checksums of its own. There is none while a process has the database, nor after a crash.
package struct Seal: Sendable {
  private let database: String
  /// Beside the database.
  package var path: String { database + ".sha256" }

  package init(database: String) { self.database = database }

  /// Whether the file is not what it was; false where nobody has sealed it.
  ///
  /// - Complexity: reads the whole file.
  package var isBroken: Bool {
    guard let bytes = try? DurableFile.read(path, limit: 4096) else { return false }
    return (try? sha256(ofFile: database)) != String(decoding: bytes, as: UTF8.self)
  }

  func set() throws { try DurableFile.replace(path, with: try sha256(ofFile: database), permissions: 0o640) }

  func remove() throws { try DurableFile.remove(path) }
}
