import DurableFiles

/// Reads and writes video files.
package enum VideoFile {
  /// What a video says of its colours, as the code points of ITU-T H.273; 1 is BT.709, 2 unspecified.
  package struct ColourTags: Sendable, Hashable {
    package let primaries: Int
    package let transfer: Int
    package let matrix: Int
    package let isFullRange: Bool

    package init(primaries: Int, transfer: Int, matrix: Int, isFullRange: Bool) {
      self.primaries = primaries
      self.transfer = transfer
      self.matrix = matrix
      self.isFullRange = isFullRange
    }

    package static let bt709 = ColourTags(primaries: 1, transfer: 1, matrix: 1, isFullRange: false)
  }

  /// A fraction of whole numbers.
  package struct Rate: Sendable, Hashable {
    package let numerator: Int
    package let denominator: Int

    package init(_ numerator: Int, _ denominator: Int = 1) {
      self.numerator = numerator
      self.denominator = denominator
    }
  }

  /// A decoded video.
  package struct Contents: Sendable {
    package let frames: RGBFrames
    /// Frames per second.
    package let frameRate: Rate
    /// As the stream itself says.
    package let colour: ColourTags
    /// The container's metadata: `comment` and others.
    package let metadata: [String: String]
    /// `h264`, …
    package let codec: String
    /// `yuv420p`, …
    package let pixelFormat: String
  }

  /// Writes a video whole and durably: exact frame rate, one packet a frame with its duration, MP4 with its index in
  /// front. H.264 and VP9 are yuv420p in BT.709, FFV1 has the pixels as they are. The same frames and comment give the
  /// same bytes.
  ///
  /// - Parameters:
  ///   - frames: of even width and height where chroma is halved.
  ///   - framesPerSecond: exact.
  ///   - comment: the container's `comment`, none if empty.
  ///   - quality: the encoder's constant rate factor (0…51 of H.264, less is better); nil for the format's own.
  package static func write(
    _ frames: RGBFrames, as format: VideoFormat, framesPerSecond: Int, comment: String = "", quality: Int? = nil,
    to path: String
  ) throws {
    let (folder, name) = path.folderAndName
    // Hidden and ending in .tmp: never a request, and overwritten by the next try after a crash.
    let temporary = "\(folder)/.\(name).encoding.tmp"
    do {
      try VideoEncoder.encode(
        frames, as: format, framesPerSecond: framesPerSecond, comment: comment, quality: quality, to: temporary,
        name: path)
      try DurableFile.publish(temporary, as: path)
    } catch {
      _ = try? DurableFile.remove(temporary)
      throw error
    }
  }

  /// Writes MP4 with H.264.
  package static func writeMP4(
    _ frames: RGBFrames, framesPerSecond: Int, comment: String = "", to path: String
  ) throws {
    try write(frames, as: .mp4, framesPerSecond: framesPerSecond, comment: comment, to: path)
  }

  /// Decodes the first video stream of a file in any format that libavformat knows.
  ///
  /// - Parameter byteLimit: the most bytes that the decoded frames may take.
  /// - Throws: `MediaError` if any part of the file is damaged or missing.
  package static func read(_ path: String, byteLimit: Int = 1 << 30) throws -> Contents {
    try VideoDecoder.decode(path, byteLimit: byteLimit)
  }

  /// Decodes the first video stream, or a picture, frame by frame, each resized to a shorter side of `shorterSide`
  /// pixels; what is made smaller is averaged over areas.
  ///
  /// - Parameters:
  ///   - byteLimit: the most bytes that one frame may take.
  ///   - receive: gets each frame and its time in seconds: its number over the stream's frame rate.
  /// - Throws: `MediaError` if any part is damaged or missing; frames before it have been given by then.
  package static func forEachFrame(
    of location: MediaLocation, shorterSide: Int, byteLimit: Int = 1 << 30,
    _ receive: @escaping (_ frame: RGBFrames, _ seconds: Double) -> Void
  ) throws {
    try VideoDecoder.forEachFrame(of: location, shorterSide: shorterSide, byteLimit: byteLimit, receive)
  }

  /// Decodes a file that someone gives, of the usual containers only (a playlist would open other files), and keeps
  /// its last frames.
  ///
  /// - Parameter byteLimit: the most bytes that the kept frames may take.
  /// - Returns: at most `count` frames.
  package static func readLast(_ count: Int, of path: String, byteLimit: Int = 1 << 30) throws -> RGBFrames {
    try VideoDecoder.decode(
      path, byteLimit: byteLimit, last: count, containers: ["mov", "mp4", "matroska", "webm", "avi"]
    ).frames
  }
}
