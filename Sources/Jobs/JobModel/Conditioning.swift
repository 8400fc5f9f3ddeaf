/// What a clip begins with, besides what its prompt or class says (`model.md` section 7).
package enum Conditioning: String, Codable, Sendable {
  /// A picture is the clip's first frame.
  case image
  /// The clip goes on from the last frames of a video, and does not repeat them.
  case video
  /// The clip's first frame is made first, as the image that the same request gives with 1 frame.
  case generated
}

/// A file that a request named, as it was when the request was accepted.
package struct InputFile: Equatable, Codable, Sendable {
  /// As the request names it: relative to the spool.
  package let path: String
  /// Hexadecimal.
  package let sha256: String
  package let byteCount: Int
  /// The job's own copy, relative to the state folder.
  package let copy: String

  package init(path: String, sha256: String, byteCount: Int, copy: String) {
    self.path = path
    self.sha256 = sha256
    self.byteCount = byteCount
    self.copy = copy
  }
}

extension Request {
  package var conditioning: Conditioning? {
    if image != nil { return .image }
    if video != nil { return .video }
    return firstFrame == nil ? nil : .generated
  }

  /// The file that conditions the clip, relative to the spool, and the key that names it.
  package var namedFile: (key: Key, path: String)? {
    if let image { return (.image, image) }
    return video.map { (.video, $0) }
  }
}
