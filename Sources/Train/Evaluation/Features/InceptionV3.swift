import Kernels
import Tensors

/// Inception-v3 (Szegedy et al. 2015) as FID and the Inception Score use it: the network of 2015-12-05 with 1008
/// classes, whose means leave out padding and whose last block takes maxima.
///
/// The file has the tensor names of pytorch-fid's `pt_inception-2015-12-05` weights (torchvision's names):
/// `Conv2d_1a_3x3.conv.weight`, `….bn.weight`, `….bn.bias`, `….bn.running_mean`, `….bn.running_var`, …, `fc.weight`;
/// others are ignored.
package struct InceptionV3 {
  package static let featureCount = 2048
  /// Pixels of a side that pictures are resized to.
  private static let side = 299

  private let layers: FeatureLayers
  private let device: ComputeDevice

  /// - Throws: `WeightsError` if the file cannot be read.
  package init(path: String, on device: ComputeDevice) throws {
    layers = try FeatureLayers(path: path, convolution: "conv", on: device)
    self.device = device
  }

  /// The features of pictures [N, H, W, 3] in [−1, 1], resized to 299 × 299: [N, 2048].
  package func features(_ pictures: Tensor) throws -> Tensor {
    let x = pictures.reshaped([pictures.shape[0], 1] + pictures.shape.dropFirst())
    return try body(device.resizeBilinear(x, height: Self.side, width: Self.side))
  }

  /// The logits of features, [N, classes], without the bias, as the Inception Score takes them.
  package func logits(_ features: Tensor) throws -> Tensor {
    let weight = try layers.classifier(inputs: Self.featureCount)
    let result = Tensor(uninitialized: [features.shape[0], weight.shape[0]])
    device.product(features.pointer, rows: features.shape[0], device.packTransposed(weight), into: result.pointer)
    return withExtendedLifetime(features) { result }
  }

  /// Pixels [N, 1, H, W, 3], at least 75 a side, as they are → [N, 2048].
  func body(_ pixels: Tensor) throws -> Tensor {
    var x = try layers("Conv2d_1a_3x3", pixels, stride: (1, 2, 2), padding: .none)
    x = try layers("Conv2d_2a_3x3", x, padding: .none)
    x = shrunk(try layers("Conv2d_2b_3x3", x, padding: .half))
    x = try layers("Conv2d_3b_1x1", x, padding: .half)
    x = shrunk(try layers("Conv2d_4a_3x3", x, padding: .none))
    for name in ["Mixed_5b", "Mixed_5c", "Mixed_5d"] { x = try blockA(x, name) }
    x = try blockB(x, "Mixed_6a")
    for name in ["Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"] { x = try blockC(x, name) }
    x = try blockD(x, "Mixed_7a")
    x = try blockE(x, "Mixed_7b", .mean)
    x = try blockE(x, "Mixed_7c", .maximum)
    return device.meanOfPixels(x)
  }

  private func shrunk(_ x: Tensor) -> Tensor {
    device.pool(x, .maximum, kernel: (1, 3, 3), stride: (1, 2, 2), padding: .none)
  }

  private func pooled(_ x: Tensor, _ pooling: Pooling = .mean) -> Tensor {
    device.pool(x, pooling, kernel: (1, 3, 3), stride: (1, 1, 1), padding: .half)
  }

  /// Layers of one block, one after the other; with `shrinking` the last halves the size.
  private func chain(_ x: Tensor, _ block: String, _ names: [String], shrinking: Bool = false) throws -> Tensor {
    var x = x
    for (index, name) in names.enumerated() {
      let isLast = shrinking && index == names.count - 1
      x = try layers("\(block).\(name)", x, stride: isLast ? (1, 2, 2) : (1, 1, 1), padding: isLast ? .none : .half)
    }
    return x
  }

  private func blockA(_ x: Tensor, _ name: String) throws -> Tensor {
    device.joinChannels([
      try chain(x, name, ["branch1x1"]), try chain(x, name, ["branch5x5_1", "branch5x5_2"]),
      try chain(x, name, ["branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"]),
      try chain(pooled(x), name, ["branch_pool"]),
    ])
  }

  private func blockB(_ x: Tensor, _ name: String) throws -> Tensor {
    device.joinChannels([
      try chain(x, name, ["branch3x3"], shrinking: true),
      try chain(x, name, ["branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"], shrinking: true), shrunk(x),
    ])
  }

  private func blockC(_ x: Tensor, _ name: String) throws -> Tensor {
    device.joinChannels([
      try chain(x, name, ["branch1x1"]), try chain(x, name, ["branch7x7_1", "branch7x7_2", "branch7x7_3"]),
      try chain(x, name, (1...5).map { "branch7x7dbl_\($0)" }), try chain(pooled(x), name, ["branch_pool"]),
    ])
  }

  private func blockD(_ x: Tensor, _ name: String) throws -> Tensor {
    device.joinChannels([
      try chain(x, name, ["branch3x3_1", "branch3x3_2"], shrinking: true),
      try chain(x, name, (1...4).map { "branch7x7x3_\($0)" }, shrinking: true), shrunk(x),
    ])
  }

  private func blockE(_ x: Tensor, _ name: String, _ pooling: Pooling) throws -> Tensor {
    let middle = try chain(x, name, ["branch3x3_1"])
    let double = try chain(x, name, ["branch3x3dbl_1", "branch3x3dbl_2"])
    return device.joinChannels([
      try chain(x, name, ["branch1x1"]), try chain(middle, name, ["branch3x3_2a"]),
      try chain(middle, name, ["branch3x3_2b"]), try chain(double, name, ["branch3x3dbl_3a"]),
      try chain(double, name, ["branch3x3dbl_3b"]), try chain(pooled(x, pooling), name, ["branch_pool"]),
    ])
  }
}

extension FeatureLayers {
  /// `fc.weight` [classes, inputs].
  fileprivate func classifier(inputs: Int) throws -> Tensor {
    try tensor("fc.weight", [try shape(of: "fc.weight")[0], inputs])
  }
}
