import DurableFiles
import JobModel

extension Publisher {
  /// Makes the folder that a batch's lines are published into, or finds it: the lines' outputs have their names there as
  /// if each line had been dropped there. A folder of an earlier batch of the same file goes, and its result with it.
  ///
  /// - Throws: `PublishError` where something else has the name.
  package func openBatch(_ batch: JobID, request path: String) throws {
    let names = OutputNames(requestPath: path)
    let folder = try open(names)
    if owner(of: names.stem, in: folder) == batch { return }
    let previous = PublishedFiles(in: folder, names: names)
    if PublishedFiles.document(names.result, in: folder).map(PublishedFiles.isResult) == true {
      try removeOutdated(previous, keeping: [], names, in: folder)
      try folder.remove(names.result)
    }
    _ = try publishFolder(names.stem, batch, in: folder, previous) { _ in [] }
  }

  /// Publishes the batch as a whole: `metadata.jsonl` and then the result.
  ///
  /// - Parameters:
  ///   - metadata: a line for each clip.
  ///   - result: makes the result document from the published files' names, sizes and digests.
  package func publishBatch(
    _ batch: JobID, request path: String, metadata: [JSONValue], result: ([RunRecord.File]) throws -> JSONValue
  ) throws {
    try openBatch(batch, request: path)
    let names = OutputNames(requestPath: path)
    let folder = try open(names)
    let lines = Array(metadata.map { $0.text() + "\n" }.joined().utf8)
    try folder.folder(names.stem).replace("metadata.jsonl", with: lines)
    let file = RunRecord.File(
      name: "\(names.stem)/metadata.jsonl", byteCount: lines.count, sha256: sha256(of: lines))
    try publishResult(batch, request: path, result([file]))
  }

  /// Looks at arrival whether the folder of a batch can have its name.
  ///
  /// - Throws: `RequestError.Code.nameTaken`.
  package func checkBatchName(request path: String) throws(RequestError) {
    let names = OutputNames(requestPath: path)
    guard let folder = try? open(names), (try? folder.status(of: names.stem)) != nil else { return }
    if !isOurs(names.stem, in: folder, PublishedFiles(in: folder, names: names), nil) { throw .taken(names.stem) }
  }

  /// The job whose folder it is; nil where it is nobody's.
  private func owner(of name: String, in folder: Folder) -> JobID? {
    guard let inner = try? folder.folder(name) else { return nil }
    return PublishedFiles.document(Self.marker, in: inner)?["job"]?.integerValue.map { JobID($0) }
  }
}

extension OutputNames {
  /// What a clip of a line is called inside the batch's folder: its video, else its picture, else its latents.
  package static func mainFile(ofLine path: String, clip: Int, _ parameters: ResolvedRequest) -> String? {
    let names = OutputNames(requestPath: path)
    if parameters.clips.count == 1 { return names.files(of: parameters).first }
    return OutputNames(requestPath: "\(names.stem)/\(clip.sixDigits).json").files(of: parameters).first.map {
      "\(names.stem)/\($0)"
    }
  }
}

extension RequestError {
  static func taken(_ name: String) -> RequestError {
    RequestError(
      .nameTaken, "\"\(name)\" is not an output of this request; move it away and put the request here again")
  }
}
