import Foundation

extension Folder {
  /// Path, size and time of change of every file below a folder: while they are the same, so are the files.
  ///
  /// - Returns: in the order of the paths; nothing where there is no such folder.
  package static func stamps(below path: String) -> [String] {
    let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    return names.sorted().map { name in
      var status = stat()
      guard stat("\(path)/\(name)", &status) == 0 else { return name }
      return "\(name) \(status.st_size) \(status.st_mtim.tv_sec) \(status.st_mtim.tv_nsec)"
    }
  }
}
