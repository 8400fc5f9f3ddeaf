/// How a long video is cut into chunks (App. A): 17 frames first, then each chunk goes on from the last 5 frames of the
/// one before and adds 12.
package struct ChunkLayout: Sendable {
  /// Pixel frames that a later chunk shares with the one before it.
  package static let overlap = 5

  /// Pixel frames of a whole chunk, 17 in the paper.
  package let chunkFrameCount: Int

  package init(chunkFrameCount: Int = 17) { self.chunkFrameCount = chunkFrameCount }

  /// Frames that each later chunk adds.
  private var advance: Int { chunkFrameCount - Self.overlap }

  /// Chunks of a clip of `frameCount` frames; nil where chunks are too short to go on from.
  package func chunkCount(frameCount: Int) -> Int? {
    guard frameCount > chunkFrameCount else { return 1 }
    return advance > 0 ? 1 + (frameCount - chunkFrameCount + advance - 1) / advance : nil
  }

  /// Frames of a clip of `chunkCount` whole chunks.
  package func frameCount(chunkCount: Int) -> Int { chunkFrameCount + (chunkCount - 1) * advance }

  /// Which of its decoded frames a chunk adds to the clip.
  ///
  /// - Parameter continues: whether also the first chunk begins with frames that are another clip's.
  package static func newFrames(ofChunk chunk: Int, decodedCount: Int, continues: Bool = false) -> Range<Int> {
    (chunk == 0 && !continues ? 0 : overlap)..<decodedCount
  }
}
