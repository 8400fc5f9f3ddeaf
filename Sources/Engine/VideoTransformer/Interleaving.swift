import Layers
import Tensors

extension TransformerConfiguration {
  /// This image model made a video model: behind each of its layers, all spatial, stands one in space and time. What it
  /// makes of an image stays the same (see `interleavedValue`).
  ///
  /// The paper trains images and videos jointly and says nothing of a start from images (§4.2); the way is ours.
  ///
  /// - Parameters:
  ///   - frames: latent frames of a video.
  ///   - window: the window in space and time, in tokens.
  /// - Returns: nil for a model that is of videos already, for one frame, and where the window does not divide the frame.
  package func interleaved(frames: Int, spatiotemporalWindow window: Size) -> TransformerConfiguration? {
    guard self.frames == 1, frames > 1, tokenSize.height % window.height == 0, tokenSize.width % window.width == 0
    else { return nil }
    var result = self
    result.frames = frames
    result.layers = 2 * layers
    result.spatiotemporalWindow = window
    return result
  }

  /// The value of a weight of the interleaved model.
  ///
  /// Trained layers move to even places. The new ones begin as in `draw`, but for the projections that end their
  /// branches, which are zero: attention, cross-attention and feed-forward then add nothing, whatever the modulation,
  /// and learn from the first step on. Every frame begins with the image's position in time.
  ///
  /// - Parameters:
  ///   - trained: gives the image model's weights by name.
  ///   - seed: of the new weights.
  package static func interleavedValue(
    of weight: ParameterSpecification, seed: UInt64, trained: (String) throws -> Tensor
  ) rethrows -> Tensor {
    if weight.name == "pos_time" {
      let image = try trained(weight.name)
      return Tensor.concatenating([Tensor](repeating: image, count: weight.shape[0]))
    }
    let parts = weight.name.split(separator: ".", maxSplits: 2)
    guard parts.count == 3, parts[0] == "layers", let layer = Int(parts[1]) else { return try trained(weight.name) }
    if layer % 2 == 0 { return try trained("layers.\(layer / 2).\(parts[2])") }
    let endsBranch = ["attn.proj.", "cross.proj.", "mlp.fc2."].contains { parts[2].hasPrefix($0) }
    return endsBranch ? Tensor(zeros: weight.shape) : weight.draw(seed: seed)
  }
}
