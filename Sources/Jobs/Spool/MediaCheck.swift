import Glibc
import JobModel

/// Looks at the outside of a picture or video, just enough to answer at once for what cannot be one: its first bytes,
/// whether it is whole, how many pixels a picture has. Decoding is the worker's.
struct MediaCheck {
  /// Pixels of a picture that a worker still takes.
  static let pixelLimit = 1 << 26
  /// Parts (chunks, segments, boxes) that are walked through; no honest file has more in front.
  private static let partLimit = 100_000

  private let file: Int32
  private let byteCount: Int

  /// - Parameters:
  ///   - file: an open descriptor; its place is not moved.
  ///   - byteCount: the file's size.
  init(file: Int32, byteCount: Int) {
    self.file = file
    self.byteCount = byteCount
  }

  /// What is wrong with the file as an `image`; nil: nothing that shows.
  var problemAsImage: String? {
    let start = bytes(at: 0, 8)
    if start == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] { return pngProblem }
    if start.starts(with: [0xFF, 0xD8, 0xFF]) { return jpegProblem }
    return "is no picture; PNG and JPEG are taken"
  }

  /// What is wrong with the file as a `video`; nil: nothing that shows.
  var problemAsVideo: String? {
    let start = bytes(at: 0, 12)
    if word(start, 4) == "ftyp" { return mp4Problem }
    if start.starts(with: [0x1A, 0x45, 0xDF, 0xA3]) { return nil }
    if word(start, 0) == "RIFF", word(start, 8) == "AVI " { return nil }
    return "is no video; MP4, WebM, Matroska and AVI are taken"
  }

  /// Chunks of length, name, data and checksum, from IHDR with the size to IEND.
  private var pngProblem: String? {
    var offset = 8
    for index in 0..<Self.partLimit {
      let head = bytes(at: offset, 16)
      guard head.count >= 8, let name = word(head, 4) else { return Self.cutOff }
      if index == 0 {
        guard name == "IHDR", head.count == 16 else { return "is a damaged PNG" }
        let size = bytes(at: offset + 8, 8)
        if let problem = sizeProblem(width: number(size, 0, 4), height: number(size, 4, 4)) { return problem }
      }
      offset += 12 + number(head, 0, 4)
      if offset > byteCount { return Self.cutOff }
      if name == "IEND" { return nil }
    }
    return "is a damaged PNG"
  }

  /// Segments up to the frame header, which has the size.
  private var jpegProblem: String? {
    var offset = 2
    for _ in 0..<Self.partLimit {
      let head = bytes(at: offset, 9)
      guard head.count == 9 else { return Self.cutOff }
      guard head[0] == 0xFF else { return "is a damaged JPEG" }
      // Start of frame, by its ways of coding; C4, C8 and CC mean something else.
      if 0xC0...0xCF ~= head[1], ![0xC4, 0xC8, 0xCC].contains(head[1]) {
        return sizeProblem(width: number(head, 7, 2), height: number(head, 5, 2))
      }
      // A fill byte stands alone.
      offset += head[1] == 0xFF ? 1 : 2 + number(head, 2, 2)
    }
    return "is a damaged JPEG"
  }

  /// Boxes of length and name; one is the index.
  private var mp4Problem: String? {
    var offset = 0
    var hasIndex = false
    for _ in 0..<Self.partLimit where offset < byteCount {
      let head = bytes(at: offset, 16)
      guard head.count >= 8 else { return Self.cutOff }
      var length = number(head, 0, 4)
      if length == 0 { length = byteCount - offset }
      if length == 1, head.count == 16 { length = number(head, 8, 8) }
      if word(head, 4) == "moov" { hasIndex = true }
      guard length >= 8, length <= byteCount - offset else { return Self.cutOff }
      offset += length
    }
    return hasIndex && offset == byteCount ? nil : Self.cutOff
  }

  private static let cutOff = "is not whole; was it still being written?"

  private func sizeProblem(width: Int, height: Int) -> String? {
    guard width > 0, height > 0 else { return "is a picture of \(width) × \(height) pixels" }
    let (count, overflows) = width.multipliedReportingOverflow(by: height)
    if !overflows, count <= Self.pixelLimit { return nil }
    return "is a picture of \(width) × \(height) pixels, the most taken is \(Self.pixelLimit); make it smaller"
  }

  /// At most `count` bytes; fewer at the file's end.
  private func bytes(at offset: Int, _ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = max(0, pread(file, buffer.baseAddress, count, off_t(offset)))
    }
  }

  /// Big-endian; what does not fit 63 bits is the largest number that does.
  private func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int {
    guard start + count <= bytes.count else { return 0 }
    let value = bytes[start..<start + count].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int(min(value, UInt64(Int.max)))
  }

  private func word(_ bytes: [UInt8], _ start: Int) -> String? {
    guard start + 4 <= bytes.count else { return nil }
    return String(decoding: bytes[start..<start + 4], as: UTF8.self)
  }
}
