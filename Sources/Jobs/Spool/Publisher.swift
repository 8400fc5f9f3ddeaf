import DurableFiles
import Foundation
import JobModel

/// The finished media of one clip, still in the state folder.
package struct ClipMedia: Equatable, Sendable {
  /// From 0.
  package let index: Int
  /// With its ending (`mp4`); nil where none was asked for.
  package let videoPath: String?
  /// The poster of a video, or the image itself; nil where none was asked for.
  package let imagePath: String?
  /// The clip's line in `metadata.jsonl`, without `file_name`.
  package let metadata: [JSONValue.Member]

  package init(index: Int, videoPath: String?, imagePath: String?, metadata: [JSONValue.Member]) {
    self.index = index
    self.videoPath = videoPath
    self.imagePath = imagePath
    self.metadata = metadata
  }
}

/// Why outputs cannot get their names: something is there that this service did not publish.
package struct PublishError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is in the way.
  package let path: String

  package var description: String {
    "publish \"\(path)\": something else has this name; move it away, then run waltctl retry"
  }
}

/// Gives outputs their names beside the request, each whole and durable, the result last. Doing it again after a
/// crash ends the same. Nothing is replaced but what was published for the same request before.
///
/// Blocks on the disk: call it off the cooperative pool.
package struct Publisher: Sendable {
  /// Marks a folder as a job's own: it is never scanned for requests.
  package static let marker = ".walt"

  private let root: Folder

  /// - Parameter root: the spool.
  package init(root: Folder) { self.root = root }

  /// Publishes a finished job: one clip as files beside the request, several in a folder of the request's name.
  ///
  /// - Parameter result: makes the result document from the published files' names, sizes and digests.
  /// - Throws: `PublishError` where a name is taken, `FileSystemError` (`isDiskFull`: try again later).
  /// - Returns: the published files, but for the result.
  @discardableResult
  package func publish(
    _ job: JobID, request path: String, clips: [ClipMedia], result: ([RunRecord.File]) throws -> JSONValue
  ) throws -> [RunRecord.File] {
    let names = OutputNames(requestPath: path)
    let folder = try open(names)
    let previous = PublishedFiles(in: folder, names: names)
    let files =
      clips.count == 1
      ? try publishFiles(of: clips[0], job, names, in: folder, previous)
      : try publishFolder(of: clips, job, names, in: folder)
    try removeOutdated(previous, keeping: files, names, in: folder)
    try replace(names.result, with: result(files), job, in: folder) { PublishedFiles.isResult($0) }
    try removeError(request: path)
    return files
  }

  /// Looks at arrival whether the outputs can have their names: nothing is there, or what was published for the same
  /// request before.
  ///
  /// - Throws: `RequestError.Code.nameTaken` with what is in the way.
  package func checkNames(request path: String, _ parameters: ResolvedRequest) throws(RequestError) {
    let names = OutputNames(requestPath: path)
    guard let folder = try? open(names) else { return }
    let previous = PublishedFiles(in: folder, names: names)
    let isSeveral = parameters.clips.count > 1
    for name in isSeveral ? [names.stem] : names.files(of: parameters) {
      guard (try? folder.status(of: name)) != nil else { continue }
      let isOurs = isSeveral ? isMarked(name, in: folder) : previous.holds(name, in: folder)
      if !isOurs {
        throw RequestError(
          .nameTaken, "\"\(name)\" is not an output of this request; move it away and put the request here again")
      }
    }
  }

  /// Publishes only the result: of a job that was cancelled or failed.
  package func publishResult(_ job: JobID, request path: String, _ result: JSONValue) throws {
    let names = OutputNames(requestPath: path)
    try replace(names.result, with: result, job, in: try open(names)) { PublishedFiles.isResult($0) }
  }

  /// Writes the error file of a refused request.
  package func writeError(_ job: JobID, request path: String, _ error: RequestError) throws {
    let names = OutputNames(requestPath: path)
    try replace(names.error, with: error.document, job, in: try open(names)) { PublishedFiles.isError($0) }
  }

  /// Removes the error file, where it is one, of a request that is good now.
  package func removeError(request path: String) throws {
    let names = OutputNames(requestPath: path)
    let folder = try open(names)
    if let document = PublishedFiles.document(names.error, in: folder), PublishedFiles.isError(document) {
      try folder.remove(names.error)
    }
  }

  /// By its path, each time: the folder may have been moved away and back.
  private func open(_ names: OutputNames) throws(FileSystemError) -> Folder {
    try Folder(root.path).folder(names.folder)
  }

  /// The hidden name under which a job's outputs are written: one at a time, so that after a crash it is found again.
  private func temporaryName(_ job: JobID) -> String { ".walt-job-\(job).tmp" }

  private func replace(
    _ name: String, with document: JSONValue, _ job: JobID, in folder: Folder, isOurs: (JSONValue) -> Bool
  ) throws {
    if try folder.status(of: name) != nil {
      guard let found = PublishedFiles.document(name, in: folder), isOurs(found) else {
        throw PublishError(path: folder.pathOf(name))
      }
    }
    try folder.replace(name, with: Array((document.text(.indented) + "\n").utf8), temporary: temporaryName(job))
  }

  // MARK: One clip

  private func publishFiles(
    of clip: ClipMedia, _ job: JobID, _ names: OutputNames, in folder: Folder, _ previous: PublishedFiles
  ) throws -> [RunRecord.File] {
    var files: [RunRecord.File] = []
    for (source, name) in try outputs(of: clip, names) {
      let file = try RunRecord.File(name: name, source: source)
      files.append(file)
      if try folder.status(of: name) != nil {
        let digest = PublishedFiles.digest(name, in: folder)
        if digest == file.sha256 { continue }
        guard digest != nil, digest == previous.digests[name] else { throw PublishError(path: folder.pathOf(name)) }
      }
      try folder.copy(source, to: name, temporary: temporaryName(job))
    }
    return files
  }

  private func outputs(of clip: ClipMedia, _ names: OutputNames) throws -> [(source: String, name: String)] {
    var outputs: [(String, String)] = []
    if let video = clip.videoPath { outputs.append((video, names.video(video.fileExtension))) }
    if let image = clip.imagePath { outputs.append((image, names.image)) }
    return outputs
  }

  /// Removes files of the publication before that this one does not replace, as long as they are what was published.
  private func removeOutdated(
    _ previous: PublishedFiles, keeping files: [RunRecord.File], _ names: OutputNames, in folder: Folder
  ) throws {
    let kept = Set(files.map(\.name))
    for (name, digest) in previous.digests where !kept.contains(name) && !name.contains("/") {
      if PublishedFiles.digest(name, in: folder) == digest { try folder.remove(name) }
    }
    let hadFolder = previous.digests.keys.contains { $0.hasPrefix(names.stem + "/") }
    if hadFolder, !kept.contains(where: { $0.hasPrefix(names.stem + "/") }), isMarked(names.stem, in: folder) {
      try folder.remove(names.stem)
    }
  }

  // MARK: Several clips

  /// Makes the folder under the hidden name, whole and durable, then gives it its own.
  private func publishFolder(
    of clips: [ClipMedia], _ job: JobID, _ names: OutputNames, in folder: Folder
  ) throws -> [RunRecord.File] {
    let temporary = temporaryName(job)
    try folder.remove(temporary)
    let made = try folder.makeFolder(temporary)
    var files: [RunRecord.File] = []
    var lines: [String] = []
    for clip in clips {
      guard let source = clip.videoPath ?? clip.imagePath else { continue }
      let name = OutputNames.clip(clip.index, source.fileExtension)
      try made.copy(source, to: name)
      let file = try RunRecord.File(name: "\(names.stem)/\(name)", source: source)
      files.append(file)
      lines.append(JSONValue.object([.init("file_name", .string(name))] + clip.metadata).text())
    }
    let metadata = Array((lines.joined(separator: "\n") + "\n").utf8)
    try made.replace("metadata.jsonl", with: metadata)
    files.append(
      RunRecord.File(
        name: "\(names.stem)/metadata.jsonl", byteCount: metadata.count, sha256: sha256(of: metadata)))
    try made.replace(Self.marker, with: Array("{\"job\": \(job)}\n".utf8))
    if try folder.status(of: names.stem) == nil {
      try folder.rename(temporary, to: names.stem, existing: .refuse)
    } else {
      guard isMarked(names.stem, in: folder) else { throw PublishError(path: folder.pathOf(names.stem)) }
      do throws(FileSystemError) {
        try folder.exchange(temporary, names.stem)
        try folder.remove(temporary)
      } catch {
        // A file system without exchange: for a moment there is no folder, and publishing again makes it.
        guard error.code == EINVAL || error.code == ENOSYS else { throw error }
        try folder.remove(names.stem)
        try folder.rename(temporary, to: names.stem)
      }
    }
    return files
  }

  private func isMarked(_ name: String, in folder: Folder) -> Bool {
    guard let inner = try? folder.folder(name), let marker = try? inner.status(of: Self.marker) else { return false }
    return marker.st_mode & S_IFMT == S_IFREG
  }
}

extension RunRecord.File {
  fileprivate init(name: String, source: String) throws {
    let digest = try SHA256Digest(ofFile: source)
    var status = stat()
    guard stat(source, &status) == 0 else { throw FileSystemError("stat", source) }
    self.init(name: name, byteCount: Int(status.st_size), sha256: digest.hex)
  }
}

extension String {
  /// What stands after the last dot of the last part.
  fileprivate var fileExtension: String { split(separator: ".").last.map(String.init) ?? "" }
}

extension Folder {
  /// Copies a file into this folder, durably.
  fileprivate func copy(_ source: String, to name: String, temporary: String? = nil) throws {
    let map = try MappedFile(source)
    try replace(name, temporary: temporary) { file in try file.write(map.bytes, path: pathOf(name)) }
  }
}
