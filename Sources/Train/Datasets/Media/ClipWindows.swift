import DurableFiles
import Tensors

/// Clips of one length, or single frames, of the items of a media set: windows that follow one another without
/// overlap.
///
/// As images serve the pictures; without any, the middle frame of each window of 17.
package struct ClipWindows: Sendable {
  private struct Window: Sendable {
    let item: Int
    let first: Int
    /// How far the window may slide before the next one begins, or the video ends.
    let room: Int
  }

  private let media: MediaSet
  package let medium: Medium
  package let frameCount: Int
  private let windows: [Window]

  /// - Throws: `DatasetError` if there is not one window.
  package init(_ media: MediaSet, _ medium: Medium, frameCount: Int) throws {
    self.media = media
    self.medium = medium
    self.frameCount = frameCount
    let pictures = media.items.indices.filter { media.items[$0].entry.medium == .image }
    if medium == .image, !pictures.isEmpty {
      windows = pictures.map { Window(item: $0, first: 0, room: 0) }
    } else {
      let length = medium == .image ? World.frameCount : frameCount
      let offset = medium == .image ? (length - 1) / 2 : 0
      windows = media.items.indices.filter { media.items[$0].entry.medium == .video }.flatMap { item in
        let range = media.items[item].frameRange
        return stride(from: range.lowerBound, through: range.upperBound - length, by: length).map { first in
          Window(item: item, first: first + offset, room: min(length - 1, range.upperBound - length - first))
        }
      }
    }
    guard !windows.isEmpty else {
      throw DatasetError(
        .unreadable,
        "cut the data set into \(medium.rawValue)s of \(frameCount) frames: of its \(media.items.count) usable files "
          + "none is long enough; \(media.skipped.count) files were skipped")
    }
  }

  package var count: Int { windows.count }

  /// The window's frames, [frameCount, side, side, 3]: the middle square of the view whose shorter side is
  /// `resolution`.
  package func centre(_ index: Int, resolution: Int) throws -> Tensor {
    let window = windows[index]
    let item = media.items[window.item]
    let size = item.size(shorterSide: resolution)
    let crop = PixelRectangle(
      x: (size.width - resolution) / 2, y: (size.height - resolution) / 2, width: resolution, height: resolution)
    return try item.frames(window.first..<window.first + frameCount, shorterSide: resolution, crop: crop)
  }

  /// A random square of `side` pixels of a random window, [frameCount, side, side, 3]. Counting up, every window comes
  /// once before any comes again, in an order that the seed decides; it slides in time as far as the next one's
  /// beginning.
  package func crop(_ index: Int, side: Int, resolutions: [Int], seed: UInt64) throws -> Tensor {
    let order = SeededOrder(count: count, seed: seed, epoch: index / count)
    let window = windows[order[index % count]]
    let item = media.items[window.item]
    var draw = DrawSequence(seed: seed, index: index)
    let resolution = resolutions[draw.index(below: resolutions.count)]
    let size = item.size(shorterSide: resolution)
    let first = window.first + draw.index(below: window.room + 1)
    let crop = PixelRectangle(
      x: draw.index(below: size.width - side + 1), y: draw.index(below: size.height - side + 1), width: side,
      height: side)
    return try item.frames(first..<first + frameCount, shorterSide: resolution, crop: crop)
  }

  /// All windows' numbers in an order that the seed decides.
  package func places(seed: UInt64) -> [Int] {
    let order = SeededOrder(count: count, seed: seed, epoch: 0)
    return (0..<count).map { order[$0] }
  }

  /// The name of the file that a window is of.
  package func file(_ index: Int) -> String { entry(index).location.name }

  func entry(_ index: Int) -> MediaListing.Entry { media.items[windows[index].item].entry }
}

/// Windows as examples: their middle squares, with the texts and classes of their files.
extension ClipWindows: ExampleSource {
  package var contentName: String {
    let rate = media.framesPerSecond.map { "\($0)" } ?? "all"
    let places = windows.map { "\(media.items[$0.item].digest) \($0.first)" }
    return "clips-\(frameCount)-" + SHA256Digest(of: ([rate] + places).joined(separator: "\n")).hex.prefix(16)
  }

  package var availableCount: Int? { count }

  package func frames(_ index: Int, resolution: Int) throws -> Tensor { try centre(index, resolution: resolution) }

  package func caption(_ index: Int, _ draw: inout DrawSequence) -> String? { entry(index).text }

  package func classLabel(_ index: Int) -> Int? { entry(index).label }
}
