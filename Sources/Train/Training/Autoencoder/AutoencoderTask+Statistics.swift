import Kernels
import Tensors

extension AutoencoderTask {
  /// Sets the latents' mean and standard deviation of each channel, over clips and images at all resolutions
  /// (`model.md` section 1).
  func measureStatistics(on device: ComputeDevice) throws {
    var statistics = ChannelStatistics(channelCount: model.configuration.latentChannels)
    try data.forEachStatisticsClip(recipe) { frames in
      statistics.add(model.meanLatents(frames.reshaped([1] + frames.shape), on: device))
    }
    model.setLatentStatistics(mean: statistics.mean, standardDeviation: statistics.standardDeviation)
  }
}

/// Mean and standard deviation of each channel (the last axis) of tensors that come one by one.
struct ChannelStatistics {
  private var count = 0
  private var sums: [Double]
  private var squares: [Double]

  init(channelCount: Int) {
    sums = Array(repeating: 0, count: channelCount)
    squares = sums
  }

  mutating func add(_ tensor: Tensor) {
    let channelCount = sums.count
    for (index, value) in tensor.values.enumerated() {
      sums[index % channelCount] += Double(value)
      squares[index % channelCount] += Double(value) * Double(value)
    }
    withExtendedLifetime(tensor) {}
    count += tensor.count / channelCount
  }

  var mean: [Float] { sums.map { Float($0 / Double(count)) } }

  var standardDeviation: [Float] {
    zip(sums, squares).map { sum, square in
      let mean = sum / Double(count)
      return Float(max(1e-12, square / Double(count) - mean * mean).squareRoot())
    }
  }
}
