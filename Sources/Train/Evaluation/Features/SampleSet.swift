import Datasets
import Tensors

/// Clips or pictures of a data set, as feature networks look at them: middle squares of one size.
package struct SampleSet: Sendable {
  private let windows: ClipWindows
  private let side: Int
  /// Numbers of the windows to look at.
  private let chosen: [Int]
  /// Files that were left out.
  package let skipped: [MediaListing.Skipped]

  /// What to look at.
  package struct Options: Sendable {
    package var medium: Medium
    /// 1 for pictures.
    package var frameCount: Int
    /// Pixels of a side; the network resizes by itself.
    package var side: Int
    /// How many, drawn by the seed; nil for all.
    package var count: Int?
    package var seed: UInt64 = 0
    package var framesPerSecond: Double?
    package var cacheFolder: String

    package init(medium: Medium, frameCount: Int, side: Int, count: Int?, cacheFolder: String) {
      self.medium = medium
      self.frameCount = frameCount
      self.side = side
      self.count = count
      self.cacheFolder = cacheFolder
    }
  }

  /// Opens the data set at `path`, as `MediaListing` reads them.
  package init(path: String, _ options: Options) throws {
    let media = try MediaSet(
      MediaListing(path: path),
      MediaSet.Options(
        shorterSides: [options.side], framesPerSecond: options.framesPerSecond, cacheFolder: options.cacheFolder))
    windows = try ClipWindows(media, options.medium, frameCount: options.frameCount)
    side = options.side
    skipped = media.skipped
    let count = options.count ?? windows.count
    guard count <= windows.count else {
      throw EvaluationError(
        .tooFew, "take \(count) samples of \"\(path)\": it has \(windows.count); ask for fewer, or add clips")
    }
    chosen = windows.places(seed: options.seed).prefix(count).sorted()
  }

  package var count: Int { chosen.count }

  /// Sample `index` of those that were chosen: [T, side, side, 3] in [−1, 1].
  package func sample(_ index: Int) throws -> Tensor { try windows.centre(chosen[index], resolution: side) }

  /// Gives the samples in batches of at most `batchSize`: [n, T, side, side, 3] in [−1, 1].
  package func forEachBatch(of batchSize: Int, _ body: (Tensor) throws -> Void) throws {
    for start in stride(from: 0, to: count, by: batchSize) {
      let samples = try (start..<min(start + batchSize, count)).map { index in
        let frames = try sample(index)
        return frames.reshaped([1] + frames.shape)
      }
      try body(.concatenating(samples))
    }
  }

  /// The mean and covariance of the samples' features.
  package func fit(
    dimension: Int, batchSize: Int, features: (Tensor) throws -> Tensor
  ) throws -> GaussianFit {
    var fit = GaussianFit(dimension: dimension)
    try forEachBatch(of: batchSize) { fit.add(try features($0)) }
    return fit
  }
}
