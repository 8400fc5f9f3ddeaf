import CPlatform
import Foundation

/// What to do where the final name is taken.
package enum ExistingFile: Sendable { case replace, refuse }

/// What of a new file is to be on the disk before one goes on. What lacks survives every crash of a process, but not a
/// power cut.
package enum FileDurability: Sendable {
  /// Nothing: a restart does not need it.
  case none
  /// Its content. Its name follows when the folder is next synced.
  case content
  /// Content and name.
  case whole
}

extension Folder {
  /// Writes a file that appears whole or not at all: a hidden temporary name in this folder, fsync, rename, fsync of
  /// the folder. A symbolic link under the final name is replaced, never followed.
  ///
  /// - Parameters:
  ///   - temporary: the temporary name, where a process that goes on after a crash must find it again and nobody else
  ///     uses it; what lies there is removed first. Nil: one that nobody else has.
  ///   - durability: how much of it to wait for.
  ///   - body: writes the content; what it throws removes the temporary file and is passed on.
  package func replace(
    _ name: String, existing: ExistingFile = .replace, permissions: mode_t = 0o644, temporary: String? = nil,
    durability: FileDurability = .whole, writing body: (borrowing FileDescriptor) throws -> Void
  ) throws {
    if let temporary { try remove(temporary) }
    let temporary = temporary ?? Self.temporaryName()
    let file = try open(temporary, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, permissions: permissions)
    do {
      try body(file)
      if durability != .none { try file.sync(path: pathOf(name)) }
      try rename(temporary, to: name, existing: existing, isDurable: durability == .whole)
    } catch {
      unlinkat(descriptor.number, temporary, 0)
      throw error
    }
  }

  /// Replaces the whole content of `name`, durably.
  package func replace(
    _ name: String, with bytes: some ContiguousBytes, existing: ExistingFile = .replace, permissions: mode_t = 0o644,
    temporary: String? = nil, durability: FileDurability = .whole
  ) throws {
    try replace(
      name, existing: existing, permissions: permissions, temporary: temporary, durability: durability
    ) { file in
      try file.write(bytes, path: pathOf(name))
    }
  }

  /// Renames within this folder, or into `destination`, then waits until both folders are on the disk.
  ///
  /// - Parameter isDurable: whether to wait.
  package func rename(
    _ name: String, to newName: String, in destination: Folder? = nil, existing: ExistingFile = .replace,
    isDurable: Bool = true
  ) throws(FileSystemError) {
    let target = destination ?? self
    let outcome =
      existing == .replace
      ? renameat(descriptor.number, name, target.descriptor.number, newName)
      : walt_rename_no_replace(descriptor.number, name, target.descriptor.number, newName)
    guard outcome == 0 else { throw FileSystemError("rename to", target.pathOf(newName)) }
    guard isDurable else { return }
    try target.sync()
    if destination != nil { try sync() }
  }

  /// Exchanges two names of this folder in one step.
  package func exchange(_ first: String, _ second: String) throws(FileSystemError) {
    guard walt_rename_exchange(descriptor.number, first, descriptor.number, second) == 0 else {
      throw FileSystemError("exchange", pathOf(second))
    }
    try sync()
  }

  /// Removes a file, or a folder with all that is in it, then waits until that is on the disk.
  ///
  /// - Returns: false where there was none.
  @discardableResult
  package func remove(_ name: String) throws(FileSystemError) -> Bool {
    let wasThere = try removeTree(name)
    if wasThere { try sync() }
    return wasThere
  }

  private func removeTree(_ name: String) throws(FileSystemError) -> Bool {
    if unlinkat(descriptor.number, name, 0) == 0 { return true }
    if errno == ENOENT { return false }
    let refusal = FileSystemError("remove", pathOf(name))
    guard let status = try status(of: name), status.st_mode & S_IFMT == S_IFDIR else { throw refusal }
    let inner = try folder(name)
    for child in try inner.names() { _ = try inner.removeTree(child) }
    guard unlinkat(descriptor.number, name, AT_REMOVEDIR) == 0 else {
      throw FileSystemError("remove folder", pathOf(name))
    }
    return true
  }

  /// Removes what killed processes left of unfinished replacements. Only where no one else writes in this folder.
  package func removeTemporaries() throws(FileSystemError) {
    for name in try names() where Self.isTemporary(name) { try remove(name) }
  }

  package static func isTemporary(_ name: String) -> Bool { name.hasPrefix(".walt-") && name.hasSuffix(".tmp") }

  private static func temporaryName() -> String {
    ".walt-\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 16)).tmp"
  }
}
