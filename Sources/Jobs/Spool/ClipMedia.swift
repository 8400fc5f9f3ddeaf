import JobModel

/// The finished media of one clip, still in the state folder.
package struct ClipMedia: Equatable, Sendable {
  /// From 0.
  package let index: Int
  /// With its ending (`mp4`); nil where none was asked for.
  package let videoPath: String?
  /// The poster of a video, or the image itself; nil where none was asked for.
  package let imagePath: String?
  /// Single frames in their order; empty where they were not asked for.
  package let framePaths: [String]
  /// Nil where they were not asked for.
  package let latentsPath: String?
  /// The clip's line in `metadata.jsonl`, without `file_name`.
  package let metadata: [JSONValue.Member]

  package init(
    index: Int, videoPath: String?, imagePath: String?, framePaths: [String] = [], latentsPath: String? = nil,
    metadata: [JSONValue.Member]
  ) {
    self.index = index
    self.videoPath = videoPath
    self.imagePath = imagePath
    self.framePaths = framePaths
    self.latentsPath = latentsPath
    self.metadata = metadata
  }
}
