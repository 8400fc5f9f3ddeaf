import Tensors

/// Whose noise: everything of a draw's address but its purpose (`model.md` section 8).
///
/// The same clip gets the same noise wherever, whenever and beside whatever it is computed.
package struct NoiseKey: Sendable, Hashable {
  package let seed: UInt64
  /// 0 base, 1 and 2 the upsamplers.
  package let stage: Int
  /// The autoregressive chunk's number.
  package let chunk: Int
  /// The sample's number in its request; 0 in the service, where each clip has a seed of its own.
  package let item: Int

  package init(seed: UInt64, stage: Int, chunk: Int = 0, item: Int = 0) {
    self.seed = seed
    self.stage = stage
    self.chunk = chunk
    self.item = item
  }

  /// Standard normals of `shape`, the clip's own: [F, h, w, c].
  package func normals(_ purpose: NoisePurpose, shape: [Int]) -> Tensor {
    NoiseStream(seed: seed, stage: stage, purpose: purpose, chunk: UInt32(chunk), item: UInt32(item))
      .normals(shape: shape)
  }
}
