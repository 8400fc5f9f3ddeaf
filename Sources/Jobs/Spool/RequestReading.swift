import DurableFiles
import Glibc
import JobModel

/// Opens a request once, without following links or waiting, looks at what was opened, and reads through it.
enum RequestReading {
  enum Outcome {
    case file(RequestFile)
    /// Gone, or written to while it was read: look again.
    case changing
    /// Nobody can read it as it is.
    case refused(RequestError)
    /// The disk or the process's limits are at fault, not the file.
    case failed(String)
  }

  /// - Parameter root: the spool's path.
  static func read(_ entry: SpoolEntry, in root: String, limits: RequestLimits) -> Outcome {
    let limit = entry.name == .batch ? limits.batchByteCount : limits.json.byteCount
    do throws(FileSystemError) {
      let file = try Folder(root).open(entry.path, flags: O_RDONLY | O_NOFOLLOW)
      guard let before = status(of: file), before.st_mode & S_IFMT == S_IFREG, before.st_nlink == 1 else {
        return .changing
      }
      let bytes = try file.readAll(limit: limit, path: entry.path)
      let stamp = FileStamp(before, parent: entry.stamp.parent)
      guard let after = status(of: file), FileStamp(after, parent: entry.stamp.parent) == stamp else {
        return .changing
      }
      return .file(
        RequestFile(
          path: entry.path, digest: SHA256Digest(of: bytes).hex, stamp: stamp.description, bytes: bytes,
          owner: Int(before.st_uid)))
    } catch {
      switch error.code {
      case ENOENT, ELOOP: return .changing
      case EFBIG:
        let found = "is \(entry.stamp.byteCount) bytes, the most allowed is \(limit)"
        return .refused(RequestError(.tooLarge, "the request \(found); split it or shorten it"))
      case EACCES, EPERM:
        return .refused(RequestError(.file, "cannot be read by the service; make it readable: chmod a+r"))
      default: return .failed(error.description)
      }
    }
  }

  private static func status(of file: borrowing FileDescriptor) -> stat? {
    var status = stat()
    return fstat(file.number, &status) == 0 ? status : nil
  }
}
