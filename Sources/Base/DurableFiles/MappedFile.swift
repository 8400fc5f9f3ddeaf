import Glibc

/// A whole file in memory, read-only, paged in as it is touched; unmapped when the last reference goes.
///
/// The file must not be shortened while it is mapped (touching a lost page kills the process): map only files that
/// are replaced by renaming, as `DurableFile` does.
package final class MappedFile: Sendable {
  package let path: String
  package let byteCount: Int
  private nonisolated(unsafe) let base: UnsafeMutableRawPointer?

  package init(_ path: String) throws(FileSystemError) {
    let number = open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { throw FileSystemError("open", path) }
    let file = FileDescriptor(adopting: number)
    var status = stat()
    guard fstat(file.number, &status) == 0 else { throw FileSystemError("stat", path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw FileSystemError("map", path, code: EINVAL, detail: "not a regular file")
    }
    self.path = path
    byteCount = Int(status.st_size)
    guard byteCount > 0 else {
      base = nil
      return
    }
    let address = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, file.number, 0)
    guard let address, address != MAP_FAILED else { throw FileSystemError("map", path) }
    base = address
  }

  deinit { if let base { munmap(base, byteCount) } }

  /// The file's bytes; valid only while this object lives (`withExtendedLifetime`).
  package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: byteCount) }

  /// Takes the pages of a range out of memory; they are read again when they are touched. For callers that are through
  /// with a part of a large file.
  package func release(_ range: Range<Int>) {
    guard let base, !range.isEmpty else { return }
    let pageSize = sysconf(Int32(_SC_PAGESIZE))
    let first = range.lowerBound / pageSize * pageSize
    madvise(base + first, range.upperBound - first, MADV_DONTNEED)
  }

  /// Lends the file's bytes to `body`.
  package func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(bytes)
  }
}
