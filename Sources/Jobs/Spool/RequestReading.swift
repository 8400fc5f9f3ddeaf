import DurableFiles
import Glibc
import JobModel

/// Opens a request once, without following links or waiting, looks at what was opened, and reads through it.
enum RequestReading {
  /// - Returns: nil where the file is gone or changed while it was read: look again.
  /// - Throws: `RequestError.Code.file` where it is not a plain file or cannot be read, `.tooLarge` over the limit.
  static func read(_ entry: SpoolEntry, in root: Folder, limits: RequestLimits) throws(RequestError) -> RequestFile? {
    do throws(FileSystemError) {
      let file = try root.open(entry.path, flags: O_RDONLY | O_NOFOLLOW)
      guard let before = status(of: file), before.st_mode & S_IFMT == S_IFREG, before.st_nlink == 1 else { return nil }
      let bytes = try file.readAll(limit: limits.json.byteCount, path: entry.path)
      let stamp = FileStamp(before, parent: entry.stamp.parent)
      guard let after = status(of: file), FileStamp(after, parent: entry.stamp.parent) == stamp else { return nil }
      return RequestFile(
        path: entry.path, digest: SHA256Digest(of: bytes).hex, stamp: stamp.description, bytes: bytes,
        owner: Int(before.st_uid))
    } catch {
      switch error.code {
      case ENOENT, ELOOP: return nil
      case EFBIG:
        let found = "is \(entry.stamp.byteCount) bytes, the most allowed is \(limits.json.byteCount)"
        throw RequestError(.tooLarge, "the request \(found); split it or shorten it")
      default: throw RequestError(.file, "cannot be read: \(error)")
      }
    }
  }

  static func parse(_ file: RequestFile, _ name: RequestName, _ limits: RequestLimits) throws(RequestError) -> Request {
    if name == .batch {
      throw RequestError(.unsupported, "batches (.jsonl) are not supported by this version; write a .json a request")
    }
    return try Request(parsing: file.bytes, limits: limits)
  }

  private static func status(of file: borrowing FileDescriptor) -> stat? {
    var status = stat()
    return fstat(file.number, &status) == 0 ? status : nil
  }
}
