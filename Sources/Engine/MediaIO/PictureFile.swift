import DurableFiles

/// Reads pictures that someone gives, told apart by their first bytes: PNG and JPEG.
package enum PictureFile {
  /// - Parameter pixelLimit: larger pictures are refused.
  /// - Returns: one frame.
  /// - Throws: `MediaError`, `FileSystemError`.
  package static func read(_ path: String, pixelLimit: Int = 1 << 26) throws -> RGBFrames {
    let bytes = try DurableFile.read(path)
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
      return try PNGFile.decode(bytes, pixelLimit: pixelLimit, name: path).frames
    }
    guard bytes.starts(with: [0xFF, 0xD8, 0xFF]) else {
      throw MediaError(.unreadable, "read picture \"\(path)\": it is neither PNG nor JPEG; convert it")
    }
    return try VideoDecoder.decode(path, byteLimit: 3 * pixelLimit, containers: ["jpeg_pipe"]).frames.frame(0)
  }
}
