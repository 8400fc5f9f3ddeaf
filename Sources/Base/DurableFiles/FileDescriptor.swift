import Foundation

/// One open file; closed when the value goes away.
package struct FileDescriptor: ~Copyable, Sendable {
  package let number: Int32

  /// Takes over `number`, which must be open and belong to nobody else.
  package init(adopting number: Int32) { self.number = number }

  deinit { close(number) }

  /// Writes all of `bytes`, going on after interruptions and short writes.
  package func write(_ bytes: UnsafeRawBufferPointer, path: String) throws(FileSystemError) {
    var rest = bytes
    while !rest.isEmpty {
      let count = Foundation.write(number, rest.baseAddress, rest.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw FileSystemError("write", path)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  package func write(_ bytes: some ContiguousBytes, path: String) throws(FileSystemError) {
    let failure = bytes.withUnsafeBytes { buffer -> FileSystemError? in
      do throws(FileSystemError) { try write(buffer, path: path) } catch { return error }
      return nil
    }
    if let failure { throw failure }
  }

  /// Reads from the current place to the end, at most `limit` bytes.
  ///
  /// - Throws: EFBIG where there is more than `limit`.
  package func readAll(limit: Int = .max, path: String) throws(FileSystemError) -> [UInt8] {
    var bytes: [UInt8] = []
    var status = stat()
    if fstat(number, &status) == 0 { bytes.reserveCapacity(min(Int(status.st_size), limit) + 1) }
    let step = 1 << 16
    while true {
      let (chunk, failure) = readChunk(step)
      if failure == EINTR { continue }
      if failure != 0 { throw FileSystemError("read", path, code: failure) }
      if chunk.isEmpty { return bytes }
      bytes += chunk
      if bytes.count > limit {
        throw FileSystemError("read", path, code: EFBIG, detail: "more than \(limit) bytes, the most allowed here")
      }
    }
  }

  private func readChunk(_ count: Int) -> (bytes: [UInt8], failure: Int32) {
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      let got = Foundation.read(number, buffer.baseAddress, count)
      failure = got < 0 ? errno : 0
      filled = max(got, 0)
    }
    return (bytes, failure)
  }

  /// Waits until the data are on the disk. A failure is final for this file: write it anew under another name.
  package func sync(path: String) throws(FileSystemError) {
    while fsync(number) != 0 {
      if errno != EINTR { throw FileSystemError("fsync", path) }
    }
  }
}
