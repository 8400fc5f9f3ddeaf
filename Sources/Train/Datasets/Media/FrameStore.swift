import DurableFiles
import Foundation
import MediaIO
import Weights

/// Decoded frames on disk: one safetensors file for each video or picture, size and rate.
struct FrameStore {
  fileprivate static let tensorName = "frames"
  fileprivate static let rateKey = "frames_per_second"
  /// The most bytes that the frames of one file may take.
  private static let byteLimit = 4 << 30

  private let options: MediaSet.Options

  init(_ options: MediaSet.Options) { self.options = options }

  /// The frames of a file with that digest, decoded if they are not there yet.
  ///
  /// - Throws: `MediaError` if the file cannot be decoded to its end; nothing is kept then.
  func frames(of location: MediaLocation, _ digest: String, shorterSide: Int) throws -> StoredFrames {
    let rate = options.framesPerSecond.map { "-\($0)fps" } ?? ""
    let path = "\(options.cacheFolder)/\(digest)-\(shorterSide)\(rate).safetensors"
    if !DurableFile.exists(path) { try decode(location, shorterSide: shorterSide, to: path) }
    return try StoredFrames(path: path)
  }

  private func decode(_ location: MediaLocation, shorterSide: Int, to path: String) throws {
    var selection = FrameSelection(framesPerSecond: options.framesPerSecond)
    var (bytes, count, size) = ([UInt8](), 0, (height: 0, width: 0))
    try VideoFile.forEachFrame(of: location, shorterSide: shorterSide) { frame, seconds in
      guard selection.takes(seconds), bytes.count <= Self.byteLimit else { return }
      size = (frame.height, frame.width)
      bytes += frame.bytes
      count += 1
    }
    guard bytes.count <= Self.byteLimit else {
      throw MediaError(
        .tooLarge,
        "decode \"\(location)\": its frames take more than \(Self.byteLimit) bytes at \(shorterSide) pixels; cut it")
    }
    var document = SafetensorsDocument(metadata: [Self.rateKey: "\(selection.rate)"])
    document.add(Self.tensorName, bytes: bytes, shape: [count, size.height, size.width, 3])
    try document.write(to: path)
  }
}

/// One file of decoded frames. It is open only while it is read: a process may hold about 65,000 memory maps, and data
/// sets have more files.
struct StoredFrames: Sendable {
  private let path: String
  let count: Int
  let height: Int
  let width: Int
  /// Frames of a second.
  let rate: Double

  /// - Throws: `WeightsError` if there is no such file, or another kind of one.
  init(path: String) throws {
    let file = try SafetensorsFile(path: path)
    let shape = try file.shape(of: FrameStore.tensorName)
    guard shape.count == 4, shape[3] == 3 else {
      throw WeightsError(.wrongShape, "open frames \"\(path)\": they are \(shape), expected [F, H, W, 3]; remove it")
    }
    self.path = path
    (count, height, width) = (shape[0], shape[1], shape[2])
    rate = file.metadata[FrameStore.rateKey].flatMap(Double.init) ?? 1
  }

  /// Lends the bytes of all frames, [F, H, W, 3], to `body`.
  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    try SafetensorsFile(path: path).withBytes(FrameStore.tensorName, body)
  }
}

/// Which frames are left of a video when its rate is lowered.
struct FrameSelection {
  private let framesPerSecond: Double?
  private var lastSlot = -1
  private var frameCount = 0
  private var sourceRate = 1.0

  init(framesPerSecond: Double?) { self.framesPerSecond = framesPerSecond }

  /// Frames of a second of what is left.
  var rate: Double { min(sourceRate, framesPerSecond ?? .infinity) }

  /// Whether the next frame is left: the first in each 1/framesPerSecond.
  mutating func takes(_ seconds: Double) -> Bool {
    if frameCount == 1 { sourceRate = 1 / max(1e-6, seconds) }
    frameCount += 1
    guard let framesPerSecond else { return true }
    // A frame that falls on a slot's edge by its rate must not miss it by rounding.
    let slot = Int(seconds * framesPerSecond + 1e-6)
    defer { lastSlot = max(lastSlot, slot) }
    return slot > lastSlot
  }
}
