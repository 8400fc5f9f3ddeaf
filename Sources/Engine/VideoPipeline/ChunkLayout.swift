/// How a long video is cut into chunks (App. A): 17 frames first, then each chunk goes on from the last 5 frames of the
/// one before and adds 12.
package enum ChunkLayout {
  /// Pixel frames of a whole chunk.
  package static let frameCount = 17
  /// Pixel frames that a later chunk shares with the one before it.
  package static let overlap = 5

  /// Chunks of a clip of `frameCount` frames.
  package static func chunkCount(frameCount: Int) -> Int {
    let step = Self.frameCount - overlap
    return 1 + max(0, (frameCount - Self.frameCount + step - 1) / step)
  }

  /// Frames of a clip of `chunkCount` whole chunks.
  package static func frameCount(chunkCount: Int) -> Int { frameCount + (chunkCount - 1) * (frameCount - overlap) }

  /// Which of its decoded frames a chunk adds to the clip.
  ///
  /// - Parameter continues: whether also the first chunk begins with frames that are another clip's.
  package static func newFrames(ofChunk chunk: Int, decodedCount: Int, continues: Bool = false) -> Range<Int> {
    (chunk == 0 && !continues ? 0 : overlap)..<decodedCount
  }
}
