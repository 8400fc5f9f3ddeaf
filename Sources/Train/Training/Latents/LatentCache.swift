import DurableFiles
import Tensors
import Weights

/// Latents on disk, made once by a frozen encoder: scenes in shards of 64, a folder for each encoder and resolution.
///
/// A shard appears whole or not at all, so that making them can end and go on at any time.
package struct LatentCache: Sendable {
  /// Which scenes, at which size.
  package struct Selection: Sendable, Hashable {
    /// `video` or `image`.
    package let kind: String
    /// Pixels of a side.
    package let resolution: Int
    /// Names the world that scenes come from: its seed and stage.
    package let world: String

    package init(kind: String, resolution: Int, world: String) {
      self.kind = kind
      self.resolution = resolution
      self.world = world
    }
  }

  private static let shardSize = 64

  private let folder: String

  /// - Parameters:
  ///   - root: outside the repository's tracked files.
  ///   - encoderDigest: of the encoder's weights and statistics; another encoder has other latents.
  package init(root: String, encoderDigest: String) {
    folder = root + "/" + encoderDigest.prefix(16)
  }

  /// The latents of scenes 0..<count, [count, F, h, w, c], made where they are missing.
  ///
  /// - Parameters:
  ///   - encode: frames [n, T, H, W, 3] to normalised latents [n, F, h, w, c].
  ///   - render: draws a scene, [T, H, W, 3]; called on another thread.
  ///   - stop: looked at between batches; a stopped making throws `CancellationError`.
  package func latents(
    of selection: Selection, count: Int, batchSize: Int, encode: (Tensor) throws -> Tensor,
    render: @escaping @Sendable (Int) throws -> Tensor, until stop: StopRequest, report: (Int) -> Void
  ) throws -> Tensor {
    try DurableFile.makeFolder(folder)
    let shardCount = (count + Self.shardSize - 1) / Self.shardSize
    let missing = (0..<shardCount).filter { !DurableFile.exists(path(selection, shard: $0)) }
    let batchesEach = (Self.shardSize + batchSize - 1) / batchSize
    let frames = Prefetcher(startingAt: 0, depth: 3) { number in
      guard number < missing.count * batchesEach else { return Tensor(zeros: [0]) }
      let first = missing[number / batchesEach] * Self.shardSize
      let start = first + number % batchesEach * batchSize
      let end = min(start + batchSize, first + Self.shardSize)
      return Tensor.stacking(try (start..<end).map(render))
    }
    defer { frames.stop() }
    for (position, shard) in missing.enumerated() {
      var parts: [Tensor] = []
      for batch in 0..<batchesEach {
        if stop.isStopping { throw CancellationError() }
        parts.append(try encode(frames.batch(at: position * batchesEach + batch)))
      }
      var document = SafetensorsDocument()
      document.add("latents", .concatenating(parts))
      try DurableFile.replace(path(selection, shard: shard), with: document.data())
      report((shard + 1) * Self.shardSize)
    }
    let shards = try (0..<shardCount).map { try SafetensorsFile(path: path(selection, shard: $0)).tensor("latents") }
    return Tensor.concatenating(shards).rows(0..<count)
  }

  private func path(_ selection: Selection, shard: Int) -> String {
    let digits = "\(shard)"
    let number = String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    return "\(folder)/\(selection.world)-\(selection.resolution)-\(selection.kind)-\(number).safetensors"
  }
}

extension Tensor {
  /// Puts tensors of one shape side by side along a new outermost axis.
  static func stacking(_ parts: [Tensor]) -> Tensor {
    .concatenating(parts.map { $0.reshaped([1] + $0.shape) })
  }
}
