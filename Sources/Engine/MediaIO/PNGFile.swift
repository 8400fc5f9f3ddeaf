import CPNG
import DurableFiles
import Foundation

/// Reads and writes PNG files: 8-bit RGB, with UTF-8 texts by keyword (iTXt).
package enum PNGFile {
  /// A decoded picture and its texts.
  package struct Contents: Sendable {
    /// One frame.
    package let frames: RGBFrames
    package let texts: [String: String]
  }

  /// Writes a picture whole and durably; the same pixels and texts give the same bytes.
  ///
  /// - Parameters:
  ///   - frames: the picture is its first frame.
  ///   - texts: written in the order of their keywords (1 … 79 Latin-1 characters).
  package static func write(_ frames: RGBFrames, texts: [String: String] = [:], to path: String) throws {
    try DurableFile.replace(path, with: try encode(frames, texts: texts, name: path))
  }

  /// The bytes of the file that `write` writes; `name` is for messages.
  package static func encode(_ frames: RGBFrames, texts: [String: String] = [:], name: String = "") throws -> [UInt8] {
    precondition(frames.frameCount > 0, "a picture of no frames")
    for (key, text) in texts where !(1...79 ~= key.utf8.count) || key.contains("\0") || text.contains("\0") {
      throw MediaError(
        .unsupported,
        "encode PNG \"\(name)\": a keyword of \(key.utf8.count) bytes or a text with NUL; PNG takes 1 … 79 bytes, no NUL"
      )
    }
    let sorted = texts.sorted { $0.key < $1.key }
    let strings = sorted.map { (strdup($0.key), strdup($0.value)) }
    defer {
      for (key, text) in strings {
        free(key)
        free(text)
      }
    }
    let entries = strings.map { walt_png_text(key: $0.0, text: $0.1) }
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    let message = failure { message, capacity in
      walt_png_encode(
        frames.bytes, UInt32(frames.width), UInt32(frames.height), entries, entries.count, &bytes, &count, message,
        capacity) != 0
    }
    if let message { throw MediaError(.notWritten, "encode PNG \"\(name)\": \(message)") }
    defer { free(bytes) }
    return Array(UnsafeBufferPointer(start: bytes, count: count))
  }

  /// Reads a picture of any PNG colour type as RGB; opacity is dropped.
  ///
  /// - Parameter pixelLimit: larger pictures are refused before their pixels are read.
  package static func read(_ path: String, pixelLimit: Int = 1 << 26) throws -> Contents {
    try decode(try DurableFile.read(path), pixelLimit: pixelLimit, name: path)
  }

  /// The same for a file in memory; `name` is for messages.
  package static func decode(_ bytes: [UInt8], pixelLimit: Int = 1 << 26, name: String = "") throws -> Contents {
    var decoded: OpaquePointer?
    let message = failure { message, capacity in
      decoded = walt_png_decode(bytes, bytes.count, UInt64(pixelLimit), message, capacity)
      return decoded == nil
    }
    guard message == nil, let image = decoded else {
      throw MediaError(.damaged, "read PNG \"\(name)\": \(message ?? "no image"); is it a whole PNG file?")
    }
    defer { walt_png_free(image) }
    let (width, height) = (Int(walt_png_width(image)), Int(walt_png_height(image)))
    let pixels = UnsafeBufferPointer(start: walt_png_pixels(image), count: width * height * 3)
    return Contents(
      frames: RGBFrames(width: width, height: height, frameCount: 1, bytes: Array(pixels)), texts: texts(of: image))
  }

  private static func texts(of image: OpaquePointer) -> [String: String] {
    var texts: [String: String] = [:]
    for index in 0..<walt_png_text_count(image) {
      let entry = walt_png_text_at(image, index)
      texts[String(cString: entry.key)] = String(cString: entry.text)
    }
    return texts
  }

  /// The explanation that a failed call leaves; nothing if the call succeeded.
  private static func failure(
    _ call: (_ message: UnsafeMutablePointer<CChar>, _ capacity: Int) -> Bool
  ) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      buffer.initialize(repeating: 0)
      guard let message = buffer.baseAddress, call(message, buffer.count) else { return nil }
      return String(cString: message)
    }
  }
}
