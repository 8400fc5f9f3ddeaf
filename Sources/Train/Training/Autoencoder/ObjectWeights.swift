import Tensors

/// How much an autoencoder's error at each pixel counts: more where the object is, where it passes in the frames of the
/// crop, and just beside it.
///
/// Both sides of an outline and the places where a fast object could leave a ghost weigh the same, so that outlines lie
/// where they should.
enum ObjectWeights {
  /// Pixels beyond the object that weigh as much.
  private static let margin = 2

  /// - Parameters:
  ///   - mask: how much of the object each value shows, [T, H, W, 3], 0…1.
  ///   - highest: the weight on the object; elsewhere 1.
  /// - Returns: weights shaped as the mask, the same in every frame.
  static func of(mask: Tensor, highest: Float) -> Tensor {
    let (frames, height, width) = (mask.shape[0], mask.shape[1], mask.shape[2])
    let swept = widened(swept(mask), height: height, width: width)
    let weights = Tensor(uninitialized: mask.shape)
    for index in 0..<frames * height * width {
      let weight = 1 + (highest - 1) * swept[index % (height * width)]
      for channel in 0..<3 { weights.pointer[3 * index + channel] = weight }
    }
    return weights
  }

  /// The most that any frame shows of the object at each pixel.
  private static func swept(_ mask: Tensor) -> [Float] {
    let pixels = mask.shape[1] * mask.shape[2]
    var swept = [Float](repeating: 0, count: pixels)
    for index in 0..<mask.shape[0] * pixels {
      swept[index % pixels] = max(swept[index % pixels], mask.pointer[3 * index])
    }
    return swept
  }

  /// The largest value within the margin of each pixel, along rows and then columns.
  private static func widened(_ values: [Float], height: Int, width: Int) -> [Float] {
    func largest(_ values: [Float], _ index: Int, at position: Int, of count: Int, stride: Int) -> Float {
      let near = max(-margin, -position)...min(margin, count - 1 - position)
      return near.reduce(0) { max($0, values[index + $1 * stride]) }
    }
    let rows = values.indices.map { largest(values, $0, at: $0 % width, of: width, stride: 1) }
    return rows.indices.map { largest(rows, $0, at: $0 / width, of: height, stride: width) }
  }
}
