import Datasets
import MediaIO

/// Many clips in one picture: a strip of frames for each, with a margin between them.
package struct ContactSheet: Sendable {
  /// How many frames of each clip, evenly from first to last; one for images.
  package var framesPerClip: Int
  /// How many strips stand side by side.
  package var clipsPerRow: Int
  /// Pixels between frames; between strips twice as much.
  package var margin: Int

  package init(framesPerClip: Int = 5, clipsPerRow: Int = 2, margin: Int = 4) {
    precondition(framesPerClip > 0 && clipsPerRow > 0 && margin >= 0, "a contact sheet of no frames")
    self.framesPerClip = framesPerClip
    self.clipsPerRow = clipsPerRow
    self.margin = margin
  }

  /// Draws the sheet; labels, if there are any, stand below the strips, cut to their width.
  ///
  /// - Precondition: the clips are of one size, and there is at least one.
  package func draw(_ clips: [RGBFrames], labels: [String] = []) -> RGBFrames {
    precondition(!clips.isEmpty, "a contact sheet of no clips")
    let (width, height) = (clips[0].width, clips[0].height)
    precondition(clips.allSatisfy { $0.width == width && $0.height == height }, "clips of different sizes")
    let labelHeight = labels.isEmpty ? 0 : BitmapFont.lineHeight + 2
    let stripWidth = framesPerClip * (width + margin) + margin
    let stripHeight = height + 2 * margin + labelHeight
    let rowCount = (clips.count + clipsPerRow - 1) / clipsPerRow
    let columnCount = min(clipsPerRow, clips.count)
    var canvas = Canvas(
      width: columnCount * stripWidth + margin, height: rowCount * stripHeight + margin,
      colour: RGB(repeating: 255))
    for (index, clip) in clips.enumerated() {
      let x = index % clipsPerRow * stripWidth + margin
      let y = index / clipsPerRow * stripHeight + margin
      for place in 0..<framesPerClip {
        canvas.place(clip, frame: frameIndex(place, of: clip.frameCount), x: x + place * (width + margin), y: y)
      }
      guard index < labels.count else { continue }
      let room = (stripWidth - 2 * margin) / BitmapFont.advance
      canvas.text(String(labels[index].prefix(room)), x: x, y: y + height + 3, RGB(repeating: 60))
    }
    return canvas.picture
  }

  /// Draws the sheet and writes it as PNG.
  package func write(_ clips: [RGBFrames], labels: [String] = [], to path: String) throws {
    try PNGFile.write(draw(clips, labels: labels), to: path)
  }

  private func frameIndex(_ place: Int, of count: Int) -> Int {
    framesPerClip == 1 ? (count - 1) / 2 : place * (count - 1) / (framesPerClip - 1)
  }
}
