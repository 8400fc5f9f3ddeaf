import DurableFiles
import Glibc

/// One candidate that a look at the spool found.
struct SpoolEntry: Equatable, Sendable {
  /// Relative to the spool.
  let path: String
  let name: RequestName
  let kind: Kind
  let linkCount: Int
  let owner: Int
  let stamp: FileStamp

  enum Kind: Equatable, Sendable {
    case regular, symbolicLink, folder, other

    /// For messages.
    var article: String {
      switch self {
      case .regular: "a regular file"
      case .symbolicLink: "a symbolic link"
      case .folder: "a folder"
      case .other: "a FIFO, socket or device"
      }
    }
  }
}

/// Everything that one look at the spool found.
package struct SpoolListing: Sendable {
  var entries: [SpoolEntry] = []
  /// Folders that were read, by path relative to the spool ("." itself).
  var folders: [String: FileIdentity] = [:]
  /// Folders that could not be read, and why.
  var problems: [String] = []

  /// Of everything that may be a request, relative to the spool.
  package var paths: [String] { entries.map(\.path) }

  /// Folders inside each other that are looked into.
  static let depthLimit = 16

  /// Reads the spool and its sub-folders, but no hidden ones, none behind a symbolic link, and none that a job owns
  /// (marked by a file `.walt`).
  ///
  /// - Complexity: one system call an entry that may be a request or a folder.
  init(path: String) {
    do throws(FileSystemError) {
      let root = try Folder(path)
      read(root, path: ".", depth: 0)
    } catch {
      problems.append(error.description)
    }
  }

  private mutating func read(_ folder: Folder, path: String, depth: Int) {
    do throws(FileSystemError) {
      let identity = try folder.identity()
      let names = try folder.names()
      if path != ".", names.contains(Publisher.marker) { return }
      folders[path] = identity
      for name in names {
        try readEntry(name, in: folder, path: path, identity: identity, depth: depth)
      }
    } catch {
      folders[path] = nil
      problems.append(error.description)
    }
  }

  private mutating func readEntry(
    _ name: String, in folder: Folder, path: String, identity: FileIdentity, depth: Int
  ) throws(FileSystemError) {
    let kindOfName = RequestName(name)
    if kindOfName == .other, name.contains(".") { return }
    guard let status = try folder.status(of: name) else { return }
    let kind = SpoolEntry.Kind(status)
    let entryPath = path == "." ? name : path + "/" + name
    if kind == .folder {
      if name.hasPrefix(".") { return }
      guard depth < Self.depthLimit else {
        problems.append("read folder \"\(entryPath)\": more than \(Self.depthLimit) folders deep; move it up")
        return
      }
      do throws(FileSystemError) {
        let inner = try folder.folder(name)
        read(inner, path: entryPath, depth: depth + 1)
      } catch {
        problems.append(error.description)
      }
    } else if kindOfName != .other {
      entries.append(
        SpoolEntry(
          path: entryPath, name: kindOfName, kind: kind, linkCount: Int(status.st_nlink), owner: Int(status.st_uid),
          stamp: FileStamp(status, parent: identity)))
    }
  }
}

extension SpoolEntry.Kind {
  init(_ status: stat) {
    switch status.st_mode & S_IFMT {
    case S_IFREG: self = .regular
    case S_IFLNK: self = .symbolicLink
    case S_IFDIR: self = .folder
    default: self = .other
    }
  }
}
