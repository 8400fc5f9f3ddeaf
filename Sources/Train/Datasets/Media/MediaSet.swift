import DurableFiles
import MediaIO
import Tensors

/// The decoded frames of a data set: made once at each size, kept on disk under the digest of each file, and read from
/// there.
///
/// Files that cannot be decoded to their end are left out and listed.
package struct MediaSet: Sendable {
  /// A video or a picture with its frames at every wanted size.
  package struct Item: Sendable {
    package let entry: MediaListing.Entry
    /// SHA-256 of the file.
    package let digest: String
    /// Those of the entry's part.
    package let frameRange: Range<Int>
    /// By the shorter side.
    fileprivate let stored: [Int: StoredFrames]
  }

  /// How the frames are made.
  package struct Options: Sendable {
    /// Pixels of the shorter side, one or more sizes.
    package var shorterSides: [Int]
    /// Frames that are left of each second; nil for all. Videos that have fewer keep theirs.
    package var framesPerSecond: Double?
    /// Where decoded frames are kept.
    package var cacheFolder: String

    package init(shorterSides: [Int], framesPerSecond: Double?, cacheFolder: String) {
      self.shorterSides = shorterSides
      self.framesPerSecond = framesPerSecond
      self.cacheFolder = cacheFolder
    }
  }

  package let framesPerSecond: Double?
  package private(set) var items: [Item] = []
  package private(set) var skipped: [MediaListing.Skipped]

  /// Decodes what is not in the cache yet.
  ///
  /// - Parameter shouldStop: looked at between files; a stopped decoding throws `CancellationError`.
  package init(
    _ listing: MediaListing, _ options: Options, report: (String) -> Void = { _ in },
    shouldStop: () -> Bool = { false }
  ) throws {
    skipped = listing.skipped
    framesPerSecond = options.framesPerSecond
    let store = FrameStore(options)
    try DurableFile.makeFolder(options.cacheFolder)
    // A file may have many entries, one for each of its parts.
    var digests: [MediaLocation: String] = [:]
    for (index, entry) in listing.entries.enumerated() {
      if shouldStop() { throw CancellationError() }
      do {
        let digest = try digests[entry.location] ?? Self.digest(of: entry.location)
        digests[entry.location] = digest
        let stored = try options.shorterSides.map {
          ($0, try store.frames(of: entry.location, digest, shorterSide: $0))
        }
        items.append(try Item(entry, digest: digest, stored: Dictionary(uniqueKeysWithValues: stored)))
      } catch {
        // Writing the cache is the machine's fault, not the file's.
        if let error = error as? FileSystemError, error.path.hasPrefix(options.cacheFolder) { throw error }
        skipped.append(MediaListing.Skipped(file: entry.location.name, reason: "\(error)"))
      }
      if (index + 1).isMultiple(of: 100) { report("\(index + 1) of \(listing.entries.count) files decoded") }
    }
  }

  private static func digest(of location: MediaLocation) throws -> String {
    location.range == nil ? try sha256(ofFile: location.path) : sha256(of: try location.bytes())
  }
}

extension MediaSet.Item {
  fileprivate init(_ entry: MediaListing.Entry, digest: String, stored: [Int: StoredFrames]) throws {
    self.entry = entry
    self.digest = digest
    self.stored = stored
    guard let all = stored.values.first else { preconditionFailure("frames of no size") }
    let part = entry.seconds ?? 0..<Double.infinity
    func frame(_ seconds: Double) -> Int { Int(min(Double(all.count), (seconds * all.rate).rounded(.up))) }
    frameRange = frame(part.lowerBound)..<frame(part.upperBound)
    if frameRange.isEmpty {
      throw DatasetError(
        .malformed,
        "take \(part.lowerBound) s … \(part.upperBound) s: it has \(all.count) frames of \(all.rate) a second")
    }
  }

  /// Height and width of the frames whose shorter side is `shorterSide`.
  package func size(shorterSide: Int) -> (height: Int, width: Int) {
    let all = allFrames(shorterSide)
    return (all.height, all.width)
  }

  /// Frames of the file as values in [−1, 1], a part of each: [range.count, height, width, 3].
  package func frames(_ range: Range<Int>, shorterSide: Int, crop: PixelRectangle) throws -> Tensor {
    let all = allFrames(shorterSide)
    precondition(
      range.upperBound <= all.count && crop.rows.upperBound <= all.height && crop.columns.upperBound <= all.width,
      "frames \(range), part \(crop) of \(all.count) × \(all.height) × \(all.width)")
    let result = Tensor(uninitialized: [range.count, crop.height, crop.width, 3])
    try all.withBytes { bytes in
      var target = result.pointer
      for frame in range {
        for row in crop.rows {
          let start = ((frame * all.height + row) * all.width + crop.x) * 3
          for index in 0..<crop.width * 3 { target[index] = Float(bytes[start + index]) / 127.5 - 1 }
          target += crop.width * 3
        }
      }
    }
    return result
  }

  private func allFrames(_ shorterSide: Int) -> StoredFrames {
    guard let all = stored[shorterSide] else { preconditionFailure("no frames of \(shorterSide) pixels were decoded") }
    return all
  }
}
