import DurableFiles
import Foundation

@testable import MediaIO

/// A red disc moving right over a vertical gradient.
func testFrames(width: Int = 128, height: Int = 128, count: Int = 17) -> RGBFrames {
  var bytes: [UInt8] = []
  for frame in 0..<count {
    for row in 0..<height {
      for column in 0..<width {
        let (x, y) = (Double(column) - 30 - 4 * Double(frame), Double(row) - 60)
        let cover = max(0, min(1, 20.5 - (x * x + y * y).squareRoot()))
        let background = 80 + 60 * Double(row) / Double(height)
        bytes.append(UInt8(background + cover * (220 - background)))
        bytes.append(UInt8(background + cover * (40 - background)))
        bytes.append(UInt8(background + cover * (40 - background)))
      }
    }
  }
  return RGBFrames(width: width, height: height, frameCount: count, bytes: bytes)
}

/// Peak signal-to-noise ratio in dB.
func psnr(_ a: [UInt8], _ b: [UInt8]) -> Double {
  var sum = 0
  for index in 0..<min(a.count, b.count) {
    let difference = Int(a[index]) - Int(b[index])
    sum += difference * difference
  }
  return 10 * log10(255 * 255 * Double(a.count) / Double(max(1, sum)))
}

/// A new folder of its own, removed after `body`.
func withFolder(_ body: (_ path: String) throws -> Void) throws {
  let path = NSTemporaryDirectory() + "walt-media-" + UUID().uuidString
  try DurableFile.makeFolder(path)
  defer { _ = try? DurableFile.remove(path) }
  try body(path)
}
