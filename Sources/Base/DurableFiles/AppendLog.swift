import CPlatform
import Foundation
import Synchronization

/// A file that only grows, by complete lines: events of an attempt, a training log.
///
/// Opening cuts off a last line without its end, which a crash may have left. One writer at a time.
package final class AppendLog: Sendable {
  package let path: String
  private let descriptor: FileDescriptor
  /// The file's folder, until its name is on the disk.
  private let unsynced: Mutex<Folder?>

  package init(_ path: String, permissions: mode_t = 0o644) throws(FileSystemError) {
    let (folder, name) = path.folderAndName
    let parent = try Folder(folder)
    let isNew = try parent.status(of: name) == nil
    let file = try parent.open(name, flags: O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, permissions: permissions)
    if !isNew {
      let bytes = try file.readAll(path: path)
      let whole = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
      if whole < bytes.count, ftruncate(file.number, off_t(whole)) != 0 { throw FileSystemError("truncate", path) }
    }
    self.path = path
    descriptor = file
    unsynced = Mutex(parent)
  }

  /// Adds one line and its end, in one write.
  ///
  /// - Parameter durably: whether to wait until it is on the disk.
  package func append(_ line: String, durably: Bool) throws(FileSystemError) {
    try append(Array(line.utf8), durably: durably)
  }

  package func append(_ line: [UInt8], durably: Bool) throws(FileSystemError) {
    precondition(!line.contains(UInt8(ascii: "\n")), "a line of a log holds no line end")
    try descriptor.write(line + [UInt8(ascii: "\n")], path: path)
    guard durably else { return }
    try descriptor.sync(path: path)
    try syncName()
  }

  private func syncName() throws(FileSystemError) {
    guard let parent = unsynced.withLock({ $0 }) else { return }
    try parent.sync()
    unsynced.withLock { $0 = nil }
  }

  /// The complete lines after `offset` and where they end: the offset to go on from. A line still being written is
  /// left for the next time; a file that is not there yet has no lines.
  package static func lines(
    of path: String, from offset: Int = 0
  ) throws(FileSystemError) -> (lines: [String], end: Int) {
    let number = open(path, O_RDONLY | O_CLOEXEC)
    if number < 0 && errno == ENOENT { return ([], offset) }
    guard number >= 0 else { throw FileSystemError("open", path) }
    let file = FileDescriptor(adopting: number)
    guard lseek(file.number, off_t(offset), SEEK_SET) >= 0 else { throw FileSystemError("seek", path) }
    let bytes = try file.readAll(path: path)
    guard let last = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return ([], offset) }
    let lines = bytes[...last].dropLast().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    return (lines.map { String(decoding: $0, as: UTF8.self) }, offset + last + 1)
  }
}
