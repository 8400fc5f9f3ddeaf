import Datasets
import MediaIO

/// The background of a clip: one colour for each row, so that plain ones and vertical gradients are both right.
///
/// The median of a row over all frames is not moved by an object that covers less than half of it; rows that an
/// object fills all the same are held to the straight line through most of the others.
struct BackgroundEstimate {
  /// How far a row's median may be from the line through all rows, in levels: gradients are clamped at 255.
  private static let slack: Float = 12

  /// The colour of each row.
  let rows: [RGB]

  init(_ clip: RGBFrames) {
    let medians = (0..<clip.height).map { Self.median(of: clip, row: $0) }
    let lines = (0..<3).map { channel in Self.line(through: medians.map { $0[channel] }) }
    rows = medians.enumerated().map { row, median in
      var colour = median
      for channel in 0..<3 {
        let expected = lines[channel].start + lines[channel].slope * Float(row)
        colour[channel] = min(max(median[channel], expected - Self.slack), expected + Self.slack)
      }
      return colour
    }
  }

  private static func median(of clip: RGBFrames, row: Int) -> RGB {
    var counts = [Int32](repeating: 0, count: 3 * 256)
    clip.bytes.withUnsafeBufferPointer { bytes in
      for frame in 0..<clip.frameCount {
        let start = (frame * clip.height + row) * clip.width * 3
        for column in 0..<clip.width {
          for channel in 0..<3 { counts[channel * 256 + Int(bytes[start + 3 * column + channel])] += 1 }
        }
      }
    }
    let half = Int32(clip.frameCount * clip.width + 1) / 2
    func level(_ channel: Int) -> Float {
      var seen: Int32 = 0
      for value in 0..<256 {
        seen += counts[channel * 256 + value]
        if seen >= half { return Float(value) }
      }
      return 255
    }
    return RGB(level(0), level(1), level(2))
  }

  /// The line of Theil and Sen: the median of the slopes between rows half a frame apart, then of the offsets.
  private static func line(through values: [Float]) -> (start: Float, slope: Float) {
    let half = values.count / 2
    guard half > 0 else { return (values.first ?? 0, 0) }
    let slopes = (0..<values.count - half).map { (values[$0 + half] - values[$0]) / Float(half) }
    let slope = slopes.sorted()[slopes.count / 2]
    let starts = values.enumerated().map { $1 - slope * Float($0) }
    return (starts.sorted()[starts.count / 2], slope)
  }
}
