import DurableFiles
import Foundation
import JobModel

extension Publisher {
  /// Publishes several clips as a folder of the request's name, with their metadata.
  func publishClips(
    _ clips: [ClipMedia], _ job: JobID, _ names: OutputNames, in folder: Folder, _ previous: PublishedFiles
  ) throws -> [RunRecord.File] {
    try publishFolder(names.stem, job, in: folder, previous) { made in
      var files: [RunRecord.File] = []
      var lines: [String] = []
      for clip in clips {
        let copied = try copy(clip, into: made, names.stem)
        files += copied
        guard let main = copied.first else { continue }
        let name = String(main.name.dropFirst(names.stem.count + 1))
        lines.append(JSONValue.object([.init("file_name", .string(name))] + clip.metadata).text())
      }
      let metadata = Array((lines.joined(separator: "\n") + "\n").utf8)
      try made.replace("metadata.jsonl", with: metadata)
      let name = "\(names.stem)/metadata.jsonl"
      return files + [RunRecord.File(name: name, byteCount: metadata.count, sha256: sha256(of: metadata))]
    }
  }

  /// Copies the files of one clip of several into their folder. The poster of a video stays away.
  private func copy(_ clip: ClipMedia, into made: Folder, _ path: String) throws -> [RunRecord.File] {
    let number = clip.index.sixDigits
    var files: [RunRecord.File] = []
    for (source, name) in outputs(of: clip, number) where clip.videoPath == nil || source != clip.imagePath {
      try made.copy(source, to: name)
      files.append(try RunRecord.File(name: "\(path)/\(name)", source: source))
    }
    if !clip.framePaths.isEmpty {
      let frames = OutputNames.frames(number)
      let inner = try made.makeFolder(frames)
      files += try copyFrames(of: clip, into: inner, "\(path)/\(frames)")
    }
    return files
  }

  /// Makes a folder of the job's own under the hidden name, whole and durable, then gives it its name.
  func publishFolder(
    _ name: String, _ job: JobID, in folder: Folder, _ previous: PublishedFiles,
    fill: (Folder) throws -> [RunRecord.File]
  ) throws -> [RunRecord.File] {
    let temporary = temporaryName(job)
    try folder.remove(temporary)
    let made = try folder.makeFolder(temporary)
    let files = try fill(made)
    try made.replace(Self.marker, with: Array("{\"job\": \(job)}\n".utf8))
    if try folder.status(of: name) == nil {
      try folder.rename(temporary, to: name, existing: .refuse)
    } else {
      guard isOurs(name, in: folder, previous, job) else { throw PublishError(path: folder.pathOf(name)) }
      do throws(FileSystemError) {
        try folder.exchange(temporary, name)
        try folder.remove(temporary)
      } catch {
        // A file system without exchange: for a moment there is no folder, and publishing again makes it.
        guard error.code == EINVAL || error.code == ENOSYS else { throw error }
        try folder.remove(name)
        try folder.rename(temporary, to: name)
      }
    }
    return files
  }
}
