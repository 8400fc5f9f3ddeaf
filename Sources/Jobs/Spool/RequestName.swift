import JobModel

/// What a name in the spool says about its file.
package enum RequestName: Equatable, Sendable {
  /// `NAME.json`: one job.
  case single
  /// `NAME.jsonl`: a request a line.
  case batch
  /// Ends like a request, but no request may have it; why.
  case refused(String)
  /// Never a request.
  case other

  /// Bytes of a name that leave room for `.result.json` and a temporary name in the 255 of a file system.
  package static let byteLimit = 200

  package init(_ name: String) {
    guard name.hasSuffix(".json") || name.hasSuffix(".jsonl"), Self.mayBeRequest(name) else {
      self = .other
      return
    }
    if name.utf8.count > Self.byteLimit {
      self = .refused("the name is \(name.utf8.count) bytes, the most allowed is \(Self.byteLimit); shorten it")
    } else if name.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) {
      self = .refused("the name holds a control character; rename the file")
    } else {
      self = name.hasSuffix(".json") ? .single : .batch
    }
  }

  /// Hidden and temporary names, our own outputs and a data set's metadata are left alone.
  private static func mayBeRequest(_ name: String) -> Bool {
    if name.hasPrefix(".") || name == "metadata.jsonl" { return false }
    return ![".tmp", ".part", "~", ".result.json", ".error.json"].contains { name.hasSuffix($0) }
  }
}

/// The names of what is published for a request, beside it.
package struct OutputNames: Equatable, Sendable {
  /// The request's folder, relative to the spool; "." for the spool itself.
  package let folder: String
  /// The request's name without `.json` or `.jsonl`; also the name of the folder for several clips.
  package let stem: String

  /// - Parameter requestPath: relative to the spool.
  package init(requestPath: String) {
    let slash = requestPath.lastIndex(of: "/")
    folder = slash.map { String(requestPath[..<$0]) } ?? "."
    let name = slash.map { requestPath[requestPath.index(after: $0)...] } ?? requestPath[...]
    stem = name.lastIndex(of: ".").map { String(name[..<$0]) } ?? String(name)
  }

  package var result: String { stem + ".result.json" }
  package var error: String { stem + ".error.json" }
  package var image: String { stem + ".png" }
  package func video(_ fileExtension: String) -> String { "\(stem).\(fileExtension)" }
  /// The folder of single frames.
  package var frames: String { Self.frames(stem) }
  package var latents: String { Self.latents(stem) }

  /// The media of a request for one clip.
  package func files(of parameters: ResolvedRequest) -> [String] {
    let output = parameters.output
    let videos = parameters.isImage ? [] : output.video.fileExtension.map { [video($0)] } ?? []
    return videos + (parameters.isImage || output.poster ? [image] : []) + (output.latents ? [latents] : [])
  }

  /// The folders of a request for one clip.
  package func folders(of parameters: ResolvedRequest) -> [String] { parameters.output.frames ? [frames] : [] }

  static func frames(_ stem: String) -> String { stem + ".frames" }
  static func latents(_ stem: String) -> String { stem + ".latents.safetensors" }

  /// The name of clip `index` in the folder of several, or of a frame.
  package static func clip(_ index: Int, _ fileExtension: String) -> String { "\(index.sixDigits).\(fileExtension)" }
}
