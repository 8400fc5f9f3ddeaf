import Kernels
import Tensors

extension Tape {
  /// x where it is positive, slope·x elsewhere; a slope of 0 is ReLU.
  package func leakyReLU(_ x: Variable, slope: Float) -> Variable {
    record(device.leakyReLU(x.value, slope: slope), [x]) { [device] in
      [device.leakyReLUBackward(x.value, $0, slope: slope)]
    }
  }

  /// The maxima of blocks of 2 × 2 pixels, x [B, F, H, W, C] → [B, F, H/2, W/2, C]; an odd row or column is left out.
  package func halvingMaximum(_ x: Variable) -> Variable {
    let y = device.pool(x.value, .maximum, kernel: (1, 2, 2), stride: (1, 2, 2), padding: .none)
    return record(y, [x]) { [device] in [device.halvingMaximumBackward(x.value, $0)] }
  }

  /// Each pixel's channels divided by their length and multiplied by `scales`: y = s ⊙ x/(‖x‖ + 1e-10).
  package func unitChannels(_ x: Variable, scales: [Float]) -> Variable {
    let channels = scales.count
    precondition(x.shape.last == channels, "\(channels) scales for channels of \(x.shape)")
    let y = Tensor(uninitialized: x.shape)
    device.parallelRanges(x.value.count / channels, grain: Self.pixelGrain) { pixels in
      for pixel in pixels {
        let (source, target) = (x.value.pointer + pixel * channels, y.pointer + pixel * channels)
        let factor = 1 / Self.length(source, channels)
        for channel in 0..<channels { target[channel] = scales[channel] * source[channel] * factor }
      }
    }
    return record(y, [x]) { [device] dy in
      let dx = Tensor(uninitialized: x.shape)
      device.parallelRanges(x.value.count / channels, grain: Self.pixelGrain) { pixels in
        for pixel in pixels {
          let (source, slope) = (x.value.pointer + pixel * channels, dy.pointer + pixel * channels)
          let length = Self.length(source, channels)
          var along: Float = 0
          for channel in 0..<channels { along += scales[channel] * slope[channel] * source[channel] }
          along /= length * length * length
          let target = dx.pointer + pixel * channels
          for channel in 0..<channels {
            target[channel] = scales[channel] * slope[channel] / length - along * source[channel]
          }
        }
      }
      return [dx]
    }
  }

  /// Pixels that a thread takes at a time.
  private static let pixelGrain = 512

  private static func length(_ values: UnsafeMutablePointer<Float>, _ count: Int) -> Float {
    var sum: Float = 0
    for index in 0..<count { sum += values[index] * values[index] }
    return sum.squareRoot() + 1e-10
  }
}
