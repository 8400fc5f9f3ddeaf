import Glibc

/// What the file system refused: which action, on which path, and why.
///
/// Reads as *action "path": reason; hint*, for example
/// `replace "state/status.json": No space left on device (ENOSPC); free some space, nothing was changed`.
package struct FileSystemError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What was attempted, as a verb: `open`, `replace`, `rename`.
  package let action: String
  package let path: String
  /// The `errno` value; switch on this.
  package let code: Int32
  /// What else is known (who holds a lock, which size was found); empty where errno says all.
  package let detail: String

  package init(_ action: String, _ path: String, code: Int32 = errno, detail: String = "") {
    self.action = action
    self.path = path
    self.code = code
    self.detail = detail
  }

  package var isNotFound: Bool { code == ENOENT }
  package var isAlreadyThere: Bool { code == EEXIST }
  /// No room, or over quota: the caller may wait and try again.
  package var isDiskFull: Bool { code == ENOSPC || code == EDQUOT }

  package var description: String {
    var text = "\(action) \"\(path)\": "
    text += detail.isEmpty ? String(cString: strerror(code)) : detail
    if let name = Self.names[code] { text += " (\(name))" }
    if let hint = Self.hints[code] { text += "; \(hint)" }
    return text
  }

  private static let names: [Int32: String] = [
    EPERM: "EPERM", ENOENT: "ENOENT", EIO: "EIO", EACCES: "EACCES", EEXIST: "EEXIST", EXDEV: "EXDEV",
    ENOTDIR: "ENOTDIR", EISDIR: "EISDIR", EMFILE: "EMFILE", ENFILE: "ENFILE", EFBIG: "EFBIG", ENOSPC: "ENOSPC",
    EROFS: "EROFS", ELOOP: "ELOOP", EDQUOT: "EDQUOT", ESTALE: "ESTALE", EWOULDBLOCK: "EWOULDBLOCK",
    ENAMETOOLONG: "ENAMETOOLONG", ENOTEMPTY: "ENOTEMPTY",
  ]

  private static let hints: [Int32: String] = [
    EPERM: "check the owner and the mode of the file and its folder",
    ENOENT: "check the path",
    EIO: "the disk failed; look at the kernel's log",
    EACCES: "check the owner and the mode of the file and its folder",
    EEXIST: "remove or rename what is there",
    EXDEV: "both paths must be on one file system, without symbolic links between them",
    EMFILE: "raise the limit on open files",
    ENFILE: "raise the system's limit on open files",
    ENOSPC: "free some space, nothing was changed",
    EROFS: "the file system is read-only",
    ELOOP: "symbolic links are not followed here",
    EDQUOT: "over the disk quota, nothing was changed",
    ESTALE: "the network file system lost the file; try again",
  ]
}
