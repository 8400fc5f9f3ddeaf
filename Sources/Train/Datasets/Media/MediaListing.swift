import DurableFiles
import Foundation
import MediaIO

/// What a data set consists of: videos and pictures, and what is said of each.
///
/// A data set is a folder with `metadata.jsonl` (the video-folder convention), a folder of WebDataset shards (`*.tar`)
/// or one such shard, or else a folder of files, whose sub-folders are classes.
package struct MediaListing: Sendable, Hashable {
  /// One video or picture.
  package struct Entry: Sendable, Hashable {
    package let location: MediaLocation
    package let medium: Medium
    package let text: String?
    /// The class, from 0.
    package let label: Int?
    /// The part of a video to take, in seconds; nil for all of it.
    package let seconds: Range<Double>?
  }

  /// A file that is left out.
  package struct Skipped: Sendable, Hashable, Codable {
    package let file: String
    package let reason: String
  }

  package internal(set) var entries: [Entry] = []
  package internal(set) var skipped: [Skipped] = []
  /// Of a folder of files the sub-folders: a class is a place in this list. Empty where classes have no names.
  package private(set) var classNames: [String] = []

  /// Lists what is at `path`, in an order that follows from names and contents only. The files are not opened yet.
  package init(path: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw DatasetError(.unreadable, "list the data set \"\(path)\": there is no such file or folder")
    }
    if !isFolder.boolValue {
      try addShard(path)
    } else if DurableFile.exists(path + "/metadata.jsonl") {
      try addLines(of: path)
    } else {
      let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
      let shards = names.filter { $0.hasSuffix(".tar") }
      for shard in shards { try addShard(path + "/" + shard) }
      if shards.isEmpty { try addFiles(of: path) }
    }
    guard !entries.isEmpty else {
      throw DatasetError(
        .unreadable,
        "list the data set \"\(path)\": it has no videos or pictures (\(Self.known)); are they in another folder?")
    }
  }

  private static let videos: Set = ["mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg"]
  private static let pictures: Set = ["png", "jpg", "jpeg"]
  private static var known: String { (videos.sorted() + pictures.sorted()).joined(separator: ", ") }

  /// What a file is by its name's extension; nil for neither.
  static func medium(of name: String) -> Medium? {
    let ending = (name as NSString).pathExtension.lowercased()
    return videos.contains(ending) ? .video : pictures.contains(ending) ? .image : nil
  }

  /// Files in the folder and below it, by name. A file in a sub-folder is of that sub-folder's class, one beside the
  /// sub-folders of none.
  private mutating func addFiles(of folder: String) throws {
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
    let files = names.filter { Self.medium(of: $0) != nil }
    classNames = Set(files.map { ($0 as NSString).deletingLastPathComponent }).subtracting([""]).sorted()
    for name in files {
      guard let medium = Self.medium(of: name) else { continue }
      let parent = (name as NSString).deletingLastPathComponent
      entries.append(
        Entry(
          location: MediaLocation(path: folder + "/" + name), medium: medium, text: nil,
          label: classNames.firstIndex(of: parent), seconds: nil))
    }
  }
}
