import CPlatform
import Glibc

/// A lock that one process holds on a file, and that the kernel frees when the process ends, however it ends (flock).
/// The file holds the process's number, so that others can say who has it.
package final class FileLock: Sendable {
  package let path: String
  private let descriptor: FileDescriptor

  /// Takes the lock at once.
  ///
  /// - Throws: EWOULDBLOCK where another process has it, with that process's number.
  package init(_ path: String) throws(FileSystemError) {
    let number = walt_openat(AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard number >= 0 else { throw FileSystemError("open lock", path) }
    let file = FileDescriptor(adopting: number)
    guard walt_flock(file.number, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      let holder = Self.holder(of: path).map { "process \($0)" } ?? "another process"
      throw FileSystemError("lock", path, code: code, detail: "held by \(holder); stop it first")
    }
    // A lock on a file that was removed meanwhile keeps nobody out.
    var held = stat()
    var named = stat()
    guard fstat(file.number, &held) == 0, stat(path, &named) == 0, FileIdentity(held) == FileIdentity(named) else {
      throw FileSystemError("lock", path, code: EWOULDBLOCK, detail: "the file was replaced; try again")
    }
    guard ftruncate(file.number, 0) == 0 else { throw FileSystemError("truncate lock", path) }
    try file.write(Array("\(getpid())\n".utf8), path: path)
    self.path = path
    descriptor = file
  }

  /// Takes the lock, trying every tenth of a second until `patience` is over.
  package static func acquire(_ path: String, patience: Duration) async throws -> FileLock {
    let clock = ContinuousClock()
    let end = clock.now + patience
    while true {
      do throws(FileSystemError) {
        return try FileLock(path)
      } catch {
        guard error.code == EWOULDBLOCK, clock.now < end else { throw error }
      }
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  /// The process that has or last had the lock at `path`, by what it wrote there.
  package static func holder(of path: String) -> Int32? {
    guard let bytes = try? DurableFile.read(path, limit: 32) else { return nil }
    return Int32(String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace })
  }
}
