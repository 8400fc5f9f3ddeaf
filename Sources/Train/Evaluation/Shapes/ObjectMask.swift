import Datasets
import MediaIO

/// Sets of pixels of one frame, as one truth value for each.
enum ObjectMask {
  /// The pixels whose colour is farther than `threshold` from their row's background.
  static func farPixels(_ clip: RGBFrames, frame: Int, background: BackgroundEstimate, threshold: Float) -> [Bool] {
    var mask = [Bool](repeating: false, count: clip.width * clip.height)
    for row in 0..<clip.height {
      for pixel in row * clip.width..<(row + 1) * clip.width {
        let difference = clip.colour(frame, pixel) - background.rows[row]
        mask[pixel] = (difference * difference).sum() > threshold * threshold
      }
    }
    return mask
  }

  /// The largest connected part (by edges), nothing if there is none or the next is larger than `greatestRival` of
  /// it.
  static func onlyComponent(_ mask: [Bool], width: Int, greatestRival: Double) -> [Bool]? {
    var rest = mask
    var components: [[Int]] = []
    for start in 0..<mask.count where rest[start] { components.append(take(from: start, &rest, width: width)) }
    components.sort { $0.count > $1.count }
    guard let largest = components.first else { return nil }
    let rival = components.dropFirst().first?.count ?? 0
    guard Double(rival) <= greatestRival * Double(largest.count) else { return nil }
    var result = [Bool](repeating: false, count: mask.count)
    for pixel in largest { result[pixel] = true }
    return result
  }

  /// Removes and returns the connected part of `rest` that holds `start`.
  private static func take(from start: Int, _ rest: inout [Bool], width: Int) -> [Int] {
    var found = [start]
    rest[start] = false
    var next = 0
    while next < found.count {
      let pixel = found[next]
      next += 1
      let column = pixel % width
      let neighbours = [
        column > 0 ? pixel - 1 : -1, column < width - 1 ? pixel + 1 : -1, pixel - width, pixel + width,
      ]
      for neighbour in neighbours where rest.indices ~= neighbour && rest[neighbour] {
        rest[neighbour] = false
        found.append(neighbour)
      }
    }
    return found
  }

  /// The pixels that are two pixels or more away from the mask's edge.
  static func inside(_ mask: [Bool], width: Int) -> [Int] {
    let height = mask.count / width
    return mask.indices.filter { pixel in
      let (row, column) = (pixel / width, pixel % width)
      guard mask[pixel], 2..<height - 2 ~= row, 2..<width - 2 ~= column else { return false }
      return [-2 * width, -width - 1, -width + 1, -2, 2, width - 1, width + 1, 2 * width].allSatisfy {
        mask[pixel + $0]
      }
    }
  }

  /// Whether a pixel is in the mask or within two pixels of it.
  static func isNear(_ mask: [Bool], _ pixel: Int, width: Int) -> Bool {
    let height = mask.count / width
    let (row, column) = (pixel / width, pixel % width)
    for y in max(0, row - 2)...min(height - 1, row + 2) {
      for x in max(0, column - 2)...min(width - 1, column + 2) where mask[y * width + x] { return true }
    }
    return false
  }

  /// The bounding box, with a margin as far as the frame goes.
  static func box(of mask: [Bool], width: Int, margin: Int) -> PixelRectangle {
    let height = mask.count / width
    var (left, right, top, bottom) = (width, -1, height, -1)
    for (pixel, isSet) in mask.enumerated() where isSet {
      let (row, column) = (pixel / width, pixel % width)
      (left, right) = (min(left, column), max(right, column))
      (top, bottom) = (min(top, row), max(bottom, row))
    }
    guard left <= right else { return PixelRectangle(x: 0, y: 0, width: 0, height: 0) }
    let (x, y) = (max(0, left - margin), max(0, top - margin))
    return PixelRectangle(
      x: x, y: y, width: min(width - 1, right + margin) + 1 - x, height: min(height - 1, bottom + margin) + 1 - y)
  }
}
