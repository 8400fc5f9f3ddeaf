import Foundation

/// The one place where files are written so that they appear whole and survive a power cut, by path.
///
/// Each call opens the file's folder and works on it (see `Folder`, which callers with many files in one folder, or
/// with a folder that others may change, use directly).
package enum DurableFile {
  /// Replaces the whole content of the file at `path`: afterwards it is the new content, or an error was thrown and
  /// it is the old.
  package static func replace(
    _ path: String, with bytes: some ContiguousBytes, existing: ExistingFile = .replace, permissions: mode_t = 0o644,
    durability: FileDurability = .whole
  ) throws {
    let (folder, name) = path.folderAndName
    try Folder(folder).replace(
      name, with: bytes, existing: existing, permissions: permissions, durability: durability)
  }

  /// The same for text, as UTF-8.
  package static func replace(_ path: String, with text: String, permissions: mode_t = 0o644) throws {
    try replace(path, with: Array(text.utf8), permissions: permissions)
  }

  /// The same for content that is written piece by piece (`FileDescriptor.write`).
  package static func replace(
    _ path: String, existing: ExistingFile = .replace, permissions: mode_t = 0o644,
    writing body: (borrowing FileDescriptor) throws -> Void
  ) throws {
    let (folder, name) = path.folderAndName
    try Folder(folder).replace(name, existing: existing, permissions: permissions, writing: body)
  }

  /// Gives a finished file, written by someone else (a video encoder), its final name: fsync, rename, fsync of the
  /// folder. Both paths must be on one file system.
  package static func publish(
    _ temporaryPath: String, as path: String, existing: ExistingFile = .replace
  ) throws(FileSystemError) {
    let (sourceFolder, sourceName) = temporaryPath.folderAndName
    let (folder, name) = path.folderAndName
    let source = try Folder(sourceFolder)
    do {
      let file = try source.open(sourceName)
      try file.sync(path: temporaryPath)
    }
    let destination = sourceFolder == folder ? nil : try Folder(folder)
    try source.rename(sourceName, to: name, in: destination, existing: existing)
  }

  /// Removes a file, or a folder with all that is in it, durably. False where there was none.
  @discardableResult
  package static func remove(_ path: String) throws(FileSystemError) -> Bool {
    let (folder, name) = path.folderAndName
    return try Folder(folder).remove(name)
  }

  /// Makes a folder and those above it, durably; fine where it is there already.
  ///
  /// - Parameter isDurable: whether to wait for the disk.
  package static func makeFolder(
    _ path: String, permissions: mode_t = 0o755, isDurable: Bool = true
  ) throws(FileSystemError) {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
    let (parent, name) = path.folderAndName
    if name.isEmpty { return try makeFolder(parent, permissions: permissions, isDurable: isDurable) }
    if parent != "." && parent != "/" { try makeFolder(parent, permissions: permissions, isDurable: isDurable) }
    _ = try Folder(parent).makeFolder(name, permissions: permissions, isDurable: isDurable)
  }

  /// The whole content of a file of at most `limit` bytes.
  package static func read(_ path: String, limit: Int = .max) throws(FileSystemError) -> [UInt8] {
    let number = open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { throw FileSystemError("open", path) }
    return try FileDescriptor(adopting: number).readAll(limit: limit, path: path)
  }

  package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Nil where there is no such file.
  package static func byteCount(of path: String) -> Int? {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : nil
  }

  /// Makes a file that takes up so much room, or changes one to it.
  package static func allocate(_ path: String, byteCount: Int) throws(FileSystemError) {
    let number = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard number >= 0 else { throw FileSystemError("open", path) }
    let file = FileDescriptor(adopting: number)
    let code = posix_fallocate(file.number, 0, off_t(byteCount))
    guard code == 0 else { throw FileSystemError("allocate", path, code: code) }
    try file.sync(path: path)
  }

  /// Bytes that may still be written where `path` lies.
  package static func availableBytes(at path: String) throws(FileSystemError) -> Int {
    try Folder(path).availableBytes()
  }
}
