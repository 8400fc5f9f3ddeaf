import CPlatform
import Glibc

/// An open folder. Names are looked up in this very folder, whatever happens to the path that led to it.
package final class Folder: Sendable {
  /// The path it was opened by, for messages.
  package let path: String
  package let descriptor: FileDescriptor

  /// Opens an existing folder.
  package init(_ path: String) throws(FileSystemError) {
    let number = walt_openat(AT_FDCWD, path.isEmpty ? "." : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
    guard number >= 0 else { throw FileSystemError("open folder", path) }
    self.path = path.isEmpty ? "." : path
    descriptor = FileDescriptor(adopting: number)
  }

  private init(path: String, descriptor: consuming FileDescriptor) {
    self.path = path
    self.descriptor = descriptor
  }

  /// Opens a folder below this one, following no symbolic link (openat2). `relativePath` may have several parts.
  package func folder(_ relativePath: String) throws(FileSystemError) -> Folder {
    let full = pathOf(relativePath)
    let number = walt_open_beneath(descriptor.number, relativePath, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
    guard number >= 0 else { throw FileSystemError("open folder", full) }
    return Folder(path: full, descriptor: FileDescriptor(adopting: number))
  }

  /// Makes a folder with this name, or opens the one that is there.
  ///
  /// - Parameter isDurable: whether to wait for the disk.
  package func makeFolder(
    _ name: String, permissions: mode_t = 0o755, isDurable: Bool = true
  ) throws(FileSystemError) -> Folder {
    if mkdirat(descriptor.number, name, permissions) == 0 {
      if isDurable { try sync() }
    } else if errno != EEXIST {
      throw FileSystemError("make folder", pathOf(name))
    }
    return try folder(name)
  }

  /// Opens a file below this folder, following no symbolic link and never waiting for a FIFO's other end.
  package func open(
    _ relativePath: String, flags: Int32 = O_RDONLY, permissions: mode_t = 0o644
  ) throws(FileSystemError) -> FileDescriptor {
    let flags = flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
    let number = walt_open_beneath(descriptor.number, relativePath, flags, permissions)
    guard number >= 0 else { throw FileSystemError("open", pathOf(relativePath)) }
    return FileDescriptor(adopting: number)
  }

  /// What `name` is, itself: a symbolic link is not followed. Nil where there is no such name.
  package func status(of name: String) throws(FileSystemError) -> stat? {
    var status = stat()
    if fstatat(descriptor.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 { return status }
    if errno == ENOENT { return nil }
    throw FileSystemError("stat", pathOf(name))
  }

  /// Which folder this is: the path may come to mean another one, this does not change.
  package func identity() throws(FileSystemError) -> FileIdentity {
    var status = stat()
    guard fstat(descriptor.number, &status) == 0 else { throw FileSystemError("stat", path) }
    return FileIdentity(status)
  }

  /// All names in the folder but `.` and `..`, in no order.
  package func names() throws(FileSystemError) -> [String] {
    // A descriptor of its own: reading moves the place in the folder that all copies of one share.
    let number = walt_openat(descriptor.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
    guard number >= 0 else { throw FileSystemError("read folder", path) }
    guard let stream = fdopendir(number) else {
      close(number)
      throw FileSystemError("read folder", path)
    }
    defer { closedir(stream) }
    var names: [String] = []
    errno = 0
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
      }
      // A name that is not UTF-8 is no request's, no output's and no checkpoint's.
      if let name, name != ".", name != ".." { names.append(name) }
      errno = 0
    }
    if errno != 0 { throw FileSystemError("read folder", path) }
    return names
  }

  /// Waits until the folder's names are on the disk.
  package func sync() throws(FileSystemError) { try descriptor.sync(path: path) }

  package func pathOf(_ name: String) -> String {
    if name == "." { return path }
    return path == "/" ? "/" + name : path + "/" + name
  }
}

/// A file or folder on one machine: device and inode.
package struct FileIdentity: Hashable, Sendable {
  package let device: UInt64
  package let inode: UInt64

  package init(device: UInt64, inode: UInt64) {
    self.device = device
    self.inode = inode
  }

  package init(_ status: stat) { self.init(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)) }
}

extension String {
  /// Splits a path into its folder ("." where there is none) and its last part.
  package var folderAndName: (folder: String, name: String) {
    guard let slash = utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", self) }
    let name = String(self[index(after: slash)...])
    return slash == startIndex ? ("/", name) : (String(self[..<slash]), name)
  }
}
