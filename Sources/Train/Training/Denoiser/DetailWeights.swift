import Tensors

/// How much the error at each latent pixel counts in training an upsampler: more where the low resolution shows
/// something, since that is where it has to paint.
///
/// E[v | input] minimises every weighted squared error whose weights the input determines, so weights that follow from
/// the low-resolution latents leave the best prediction as it is, but for the noise with which the network sees them.
enum DetailWeights {
  /// - Parameters:
  ///   - lowResolution: clean latents [F, h/2, w/2, c].
  ///   - highest: the weight where a latent is farthest from its frame's mean; 1 in the limit of none.
  /// - Returns: F·h·w weights, row-major.
  static func of(lowResolution: Tensor, highest: Float) -> [Float] {
    let (frames, height, width) = (lowResolution.shape[0], lowResolution.shape[1], lowResolution.shape[2])
    var weights: [Float] = []
    weights.reserveCapacity(4 * frames * height * width)
    for frame in 0..<frames {
      let distances = spread(distancesFromMean(lowResolution[frame]), height: height, width: width)
      let mean = distances.reduce(0, +) / Float(distances.count)
      for row in 0..<2 * height {
        for column in 0..<2 * width {
          let distance = distances[row / 2 * width + column / 2]
          weights.append(1 + (highest - 1) * distance / max(distance + mean, .leastNormalMagnitude))
        }
      }
    }
    return weights
  }

  /// The squared distance of each pixel of a frame [h, w, c] from the frame's mean.
  private static func distancesFromMean(_ frame: Tensor) -> [Float] {
    let channels = frame.shape[2]
    let values = frame.array
    let count = values.count / channels
    var mean = [Float](repeating: 0, count: channels)
    for (index, value) in values.enumerated() { mean[index % channels] += value / Float(count) }
    return (0..<count).map { pixel in
      (0..<channels).reduce(0) { sum, channel in
        let difference = values[pixel * channels + channel] - mean[channel]
        return sum + difference * difference
      }
    }
  }

  /// The largest of each pixel and its eight neighbours: what is painted reaches beyond the pixel that shows it.
  private static func spread(_ values: [Float], height: Int, width: Int) -> [Float] {
    (0..<height * width).map { pixel in
      let (row, column) = (pixel / width, pixel % width)
      var largest: Float = 0
      for y in max(0, row - 1)...min(height - 1, row + 1) {
        for x in max(0, column - 1)...min(width - 1, column + 1) { largest = max(largest, values[y * width + x]) }
      }
      return largest
    }
  }
}
