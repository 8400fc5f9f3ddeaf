import DurableFiles
import Foundation
import JobModel

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
      : try publishClips(clips, job, names, in: folder, previous)
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
    let foreign =
      (isSeveral ? [] : names.files(of: parameters).filter { !previous.holds($0, in: folder) })
      + (isSeveral ? [names.stem] : names.folders(of: parameters)).filter { !isOurs($0, in: folder, previous, nil) }
    if let name = foreign.first(where: { (try? folder.status(of: $0)) != nil }) {
      throw .taken(name)
    }
  }

  /// Publishes only the result: of a job that was cancelled or failed.
  package func publishResult(_ job: JobID, request path: String, _ result: JSONValue) throws {
    let names = OutputNames(requestPath: path)
    try replace(names.result, with: result, job, in: try open(names)) { PublishedFiles.isResult($0) }
  }

  /// Writes the error file of a refused request.
  package func writeError(_ job: JobID, request path: String, _ document: JSONValue) throws {
    let names = OutputNames(requestPath: path)
    try replace(names.error, with: document, job, in: try open(names)) { PublishedFiles.isError($0) }
  }

  /// Whether something has the name of the request's error file.
  package func hasError(request path: String) -> Bool {
    let names = OutputNames(requestPath: path)
    return DurableFile.exists("\(root.path)/\(names.folder)/\(names.error)")
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
  func open(_ names: OutputNames) throws(FileSystemError) -> Folder {
    try Folder(root.path).folder(names.folder)
  }

  /// The hidden name under which a job's outputs are written: one at a time, so that after a crash it is found again.
  func temporaryName(_ job: JobID) -> String { ".walt-job-\(job).tmp" }

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
    for (source, name) in outputs(of: clip, names.stem) {
      let file = try RunRecord.File(name: name, source: source)
      files.append(file)
      if try folder.status(of: name) != nil {
        let digest = PublishedFiles.digest(name, in: folder)
        if digest == file.sha256 { continue }
        guard digest != nil, digest == previous.digests[name] else { throw PublishError(path: folder.pathOf(name)) }
      }
      try folder.copy(source, to: name, temporary: temporaryName(job))
    }
    if !clip.framePaths.isEmpty {
      files += try publishFolder(names.frames, job, in: folder, previous) {
        try copyFrames(of: clip, into: $0, names.frames)
      }
    }
    return files
  }

  /// The files of a clip but for its single frames, and the names that they get.
  func outputs(of clip: ClipMedia, _ stem: String) -> [(source: String, name: String)] {
    let video = clip.videoPath.map { ($0, "\(stem).\($0.fileExtension)") }
    let image = clip.imagePath.map { ($0, "\(stem).\($0.fileExtension)") }
    let latents = clip.latentsPath.map { ($0, OutputNames.latents(stem)) }
    return [video, image, latents].compactMap { $0 }
  }

  func copyFrames(of clip: ClipMedia, into made: Folder, _ path: String) throws -> [RunRecord.File] {
    try clip.framePaths.enumerated().map { index, source in
      let name = OutputNames.clip(index, source.fileExtension)
      try made.copy(source, to: name)
      return try RunRecord.File(name: "\(path)/\(name)", source: source)
    }
  }

  /// Removes what was published before and is not replaced, as long as it is what was published.
  func removeOutdated(
    _ previous: PublishedFiles, keeping files: [RunRecord.File], _ names: OutputNames, in folder: Folder
  ) throws {
    let kept = Set(files.map(\.name.firstPart))
    for (name, digest) in previous.digests where !name.contains("/") && !kept.contains(name) {
      if PublishedFiles.digest(name, in: folder) == digest { try folder.remove(name) }
    }
    for name in [names.stem, names.frames] where previous.hasFolder(name) && !kept.contains(name) {
      if isOurs(name, in: folder, previous, nil) { try folder.remove(name) }
    }
  }

  /// Whether a folder was made for this request: it is a job's own, and either the result tells of it or it is of this
  /// very job, which was interrupted before it wrote its result.
  func isOurs(_ name: String, in folder: Folder, _ previous: PublishedFiles, _ job: JobID?) -> Bool {
    guard let inner = try? folder.folder(name), let marker = PublishedFiles.document(Self.marker, in: inner) else {
      return false
    }
    return previous.hasFolder(name) || job.map { marker["job"]?.integerValue == $0.rawValue } == true
  }
}
