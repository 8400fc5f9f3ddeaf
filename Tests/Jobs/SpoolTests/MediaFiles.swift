import Foundation

/// Media files as far as the spool looks into them.
enum MediaFiles {
  /// A PNG of one grey pixel.
  static let png =
    Data(base64Encoded: "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR4nGNoYAAAAQMAgT5MxZMAAAAASUVORK5CYII=")
    ?? Data()

  /// The same PNG, saying that it has other sides.
  static func png(width: UInt32, height: UInt32) -> Data {
    var bytes = png
    bytes.replaceSubrange(16..<24, with: bigEndian(width) + bigEndian(height))
    return bytes
  }

  /// Start, tables, frame header with the size.
  static func jpeg(width: UInt16, height: UInt16) -> Data {
    var bytes: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 0, 0, 0xFF, 0xC0, 0, 11, 8]
    bytes += [UInt8(height >> 8), UInt8(height & 255), UInt8(width >> 8), UInt8(width & 255), 1, 1, 17, 0]
    return Data(bytes + [0xFF, 0xD9])
  }

  /// A box of MP4.
  static func box(_ name: String, _ content: Int = 8) -> Data {
    Data(bigEndian(UInt32(8 + content)) + Array(name.utf8) + [UInt8](repeating: 0, count: content))
  }

  static let mp4 = box("ftyp") + box("moov") + box("mdat", 20)

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
  }
}
