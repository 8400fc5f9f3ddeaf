import DurableFiles
import Glibc
import JobModel

/// Opens the picture or video that a request names, as the hostile input that it is: once, beneath the spool, following
/// no link and waiting for nothing; looks at what was opened, and reads through it.
package struct ConditioningReader: Sendable {
  private let root: String
  private let byteLimit: Int

  /// - Parameter root: the spool's path.
  package init(root: String, limits: RequestLimits) {
    self.root = root
    byteLimit = limits.conditioningByteCount
  }

  /// Looks at the file.
  ///
  /// - Parameters:
  ///   - owner: the user whose request it is: what others keep to themselves is not read for them.
  ///   - settle: seconds that a file must be unchanged before it is taken.
  /// - Returns: seconds until it will have settled; nil where it has, or the request names none.
  /// - Throws: what is wrong with it, at the key that names it.
  package func check(
    _ request: Request, owner: Int, settle: Double, at now: Moment
  ) throws(RequestError) -> Double? {
    guard let named = request.namedFile else { return nil }
    let file = try open(named.path, named.key, request, owner: owner)
    let age = now.wall - Double(FileStamp(file.status, parent: FileIdentity(file.status)).modified) / 1e9
    // A time in the future says nothing.
    return 0..<settle ~= age ? settle - age : nil
  }

  /// Copies the file, durably; what happens to it afterwards does not concern the job.
  ///
  /// - Parameter target: where the copy goes.
  /// - Returns: the copy's digest and size; nil where the request names no file.
  /// - Throws: `RequestError` as `check`, `FileSystemError` where the copy cannot be written.
  package func copy(
    _ request: Request, owner: Int, to target: String
  ) throws -> (sha256: String, byteCount: Int)? {
    guard let named = request.namedFile else { return nil }
    let bytes = try read(named.path, named.key, request, owner: owner)
    try DurableFile.replace(target, with: bytes, permissions: 0o600)
    return (DurableFiles.sha256(of: bytes), bytes.count)
  }

  private func read(
    _ path: String, _ key: Request.Key, _ request: Request, owner: Int
  ) throws(RequestError) -> [UInt8] {
    let file = try open(path, key, request, owner: owner)
    let bytes: [UInt8]
    do throws(FileSystemError) {
      bytes = try file.descriptor.readAll(limit: byteLimit, path: path)
    } catch {
      throw request.error(.file, "\(key.rawValue) \"\(path)\" cannot be read: \(error.description)", at: key)
    }
    var after = stat()
    let parent = FileIdentity(file.status)
    guard fstat(file.descriptor.number, &after) == 0,
      FileStamp(after, parent: parent) == FileStamp(file.status, parent: parent)
    else {
      throw request.error(
        .file, "\(key.rawValue) \"\(path)\" changed while it was read; put the request here again", at: key)
    }
    return bytes
  }

  private struct OpenFile: ~Copyable {
    let descriptor: FileDescriptor
    let status: stat
  }

  private func open(
    _ path: String, _ key: Request.Key, _ request: Request, owner: Int
  ) throws(RequestError) -> OpenFile {
    func refuse(_ code: RequestError.Code, _ problem: String) -> RequestError {
      request.error(code, "\(key.rawValue) \"\(path)\" \(problem)", at: key)
    }
    let descriptor = try descriptor(path, key, request)
    var status = stat()
    guard fstat(descriptor.number, &status) == 0 else { throw refuse(.file, "cannot be looked at") }
    let kind = SpoolEntry.Kind(status)
    if kind != .regular { throw refuse(.file, "is \(kind.article), must be a regular file") }
    if status.st_nlink != 1 {
      throw refuse(.file, "has \(status.st_nlink) hard links, must have one; copy the file instead of linking it")
    }
    if Int(status.st_uid) != owner, status.st_mode & S_IROTH == 0 {
      throw refuse(.file, "belongs to another user who keeps it private; make it readable: chmod a+r")
    }
    if status.st_size > byteLimit {
      throw refuse(.tooLarge, "is \(status.st_size) bytes, the most allowed is \(byteLimit); make it smaller")
    }
    let media = MediaCheck(file: descriptor.number, byteCount: Int(status.st_size))
    if let problem = key == .image ? media.problemAsImage : media.problemAsVideo { throw refuse(.file, problem) }
    return OpenFile(descriptor: descriptor, status: status)
  }

  private func descriptor(
    _ path: String, _ key: Request.Key, _ request: Request
  ) throws(RequestError) -> FileDescriptor {
    do throws(FileSystemError) {
      return try Folder(root).open(path, flags: O_RDONLY | O_NOFOLLOW)
    } catch {
      throw request.error(.file, "\(key.rawValue) \"\(path)\" \(Self.problem(error))", at: key)
    }
  }

  private static func problem(_ error: FileSystemError) -> String {
    switch error.code {
    case ENOENT, ENOTDIR: "is not in the spool; put it there, then the request again"
    case ELOOP: "is a symbolic link, or lies behind one; copy the file itself into the spool"
    case EXDEV: "leads out of the spool; copy the file into it"
    case EACCES, EPERM: "cannot be read by the service; make it readable: chmod a+r"
    case ENXIO: "is a FIFO, socket or device, must be a regular file"
    default: "cannot be opened: \(error.description)"
    }
  }
}
