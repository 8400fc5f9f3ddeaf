import DurableFiles
import Foundation
import MediaIO

@testable import Datasets

/// A scene as frames of `width` × `height`: different scenes for different numbers.
func mediaFrames(_ number: Int, count: Int = 20, width: Int = 48, height: Int = 32) -> RGBFrames {
  let scene = SceneSource(seed: 3)[number]
  let times = (0..<count).map { Double($0) / Double(max(1, count - 1)) }
  let crop = PixelRectangle(x: 0, y: 8, width: width, height: height)
  return RGBFrames(
    width: width, height: height, frameCount: count, bytes: scene.renderBytes(resolution: 64, times: times, crop: crop))
}

/// A new folder of its own, removed after `body`.
func withMediaFolder(_ body: (_ path: String) throws -> Void) throws {
  let path = NSTemporaryDirectory() + "walt-datasets-" + UUID().uuidString
  try DurableFile.makeFolder(path)
  defer { try? FileManager.default.removeItem(atPath: path) }
  try body(path)
}

/// A tar archive of files, in the given format's plainest form.
func tarArchive(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
  var archive: [UInt8] = []
  for (name, bytes) in members {
    if name.utf8.count > 100 {
      // A pax record whose length counts itself.
      let rest = " path=\(name)\n"
      var length = rest.utf8.count + 1
      while "\(length)".utf8.count + rest.utf8.count != length { length = "\(length)".utf8.count + rest.utf8.count }
      append("pax", "x", Array("\(length)\(rest)".utf8))
    }
    append(String(name.prefix(100)), "0", bytes)
  }
  func append(_ name: String, _ kind: Character, _ bytes: [UInt8]) {
    var header = [UInt8](repeating: 0, count: 512)
    func write(_ text: String, at place: Int) {
      for (offset, byte) in text.utf8.enumerated() { header[place + offset] = byte }
    }
    write(name, at: 0)
    write("0000644\0", at: 100)
    write(octal(bytes.count, digits: 11) + "\0", at: 124)
    write("        ", at: 148)
    write(String(kind), at: 156)
    write("ustar\u{0}00", at: 257)
    write(octal(header.reduce(0) { $0 + Int($1) }, digits: 6) + "\0 ", at: 148)
    archive += header + bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
  }
  return archive + [UInt8](repeating: 0, count: 1024)
}

/// The archive with a field of the header at `start` changed, and the header's sum with it.
func changingTarHeader(of archive: [UInt8], at start: Int, field: Int, to text: String) -> [UInt8] {
  var header = Array(archive[start..<start + 512])
  header.replaceSubrange(field..<field + text.utf8.count, with: text.utf8)
  header.replaceSubrange(148..<156, with: "        ".utf8)
  let sum = octal(header.reduce(0) { $0 + Int($1) }, digits: 6) + "\0 "
  header.replaceSubrange(148..<156, with: sum.utf8)
  var result = archive
  result.replaceSubrange(start..<start + 512, with: header)
  return result
}

private func octal(_ number: Int, digits: Int) -> String {
  let text = String(number, radix: 8)
  return String(repeating: "0", count: digits - text.count) + text
}
