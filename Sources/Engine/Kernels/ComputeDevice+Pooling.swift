import Tensors

/// What a pooling makes of the values in a window; padding does not count.
package enum Pooling: Sendable {
  case maximum
  case mean
}

extension ComputeDevice {
  /// Pools windows of x [B, F, H, W, C] → [B, F', H', W', C].
  package func pool(
    _ x: Tensor, _ pooling: Pooling, kernel: (t: Int, h: Int, w: Int), stride: (t: Int, h: Int, w: Int),
    padding: WindowPadding
  ) -> Tensor {
    let shape = CausalConvolution(
      input: x.shape, weight: [x.shape[4], x.shape[4], kernel.t, kernel.h, kernel.w], stride: stride, padding: padding)
    let y = Tensor(uninitialized: shape.outputShape)
    parallel(shape.batch * shape.t.output * shape.h.output) { task, _ in
      let (item, frame, row) = (
        task / (shape.t.output * shape.h.output), task / shape.h.output % shape.t.output, task % shape.h.output
      )
      for column in 0..<shape.w.output {
        let target = y.pointer + (task * shape.w.output + column) * shape.inputChannels
        Self.pool(x, item: item, pooling, shape, frame: frame, row: row, column: column, into: target)
      }
    }
    return y
  }

  private static func pool(
    _ x: Tensor, item: Int, _ pooling: Pooling, _ shape: CausalConvolution, frame: Int, row: Int, column: Int,
    into target: UnsafeMutablePointer<Float>
  ) {
    let channels = shape.inputChannels
    let (frames, rows, columns) = (shape.t.covered(frame), shape.h.covered(row), shape.w.covered(column))
    target.update(repeating: pooling == .maximum ? -.infinity : 0, count: channels)
    for t in frames {
      for h in rows {
        for w in columns {
          let source =
            x.pointer + (((item * shape.t.input + t) * shape.h.input + h) * shape.w.input + w) * channels
          if pooling == .maximum {
            for channel in 0..<channels { target[channel] = max(target[channel], source[channel]) }
          } else {
            for channel in 0..<channels { target[channel] += source[channel] }
          }
        }
      }
    }
    guard pooling == .mean else { return }
    let share = 1 / Float(frames.count * rows.count * columns.count)
    for channel in 0..<channels { target[channel] *= share }
  }

  /// x where it is positive, slope·x elsewhere; a slope of 0 is ReLU.
  package func leakyReLU(_ x: Tensor, slope: Float) -> Tensor {
    let y = Tensor(uninitialized: x.shape)
    parallelRanges(x.count, grain: 32_768) { range in
      for index in range {
        let value = x.pointer[index]
        y.pointer[index] = value > 0 ? value : slope * value
      }
    }
    return y
  }

  package func leakyReLUBackward(_ x: Tensor, _ dy: Tensor, slope: Float) -> Tensor {
    let dx = Tensor(uninitialized: x.shape)
    parallelRanges(x.count, grain: 32_768) { range in
      for index in range { dx.pointer[index] = x.pointer[index] > 0 ? dy.pointer[index] : slope * dy.pointer[index] }
    }
    return dx
  }

  /// The gradient of maxima over blocks of 2 × 2 pixels of each frame, x [B, F, H, W, C]: it goes to the first of the
  /// largest.
  package func halvingMaximumBackward(_ x: Tensor, _ dy: Tensor) -> Tensor {
    let dx = Tensor(zeros: x.shape)
    let (height, width, channels) = (x.shape[2], x.shape[3], x.shape[4])
    parallel(x.shape[0] * x.shape[1] * (height / 2)) { task, _ in
      let (frame, row) = (task / (height / 2), task % (height / 2))
      for column in 0..<width / 2 {
        for channel in 0..<channels {
          let first = ((frame * height + 2 * row) * width + 2 * column) * channels + channel
          var largest = first
          for place in [first + channels, first + width * channels, first + (width + 1) * channels]
          where x.pointer[place] > x.pointer[largest] { largest = place }
          dx.pointer[largest] = dy.pointer[(task * (width / 2) + column) * channels + channel]
        }
      }
    }
    return dx
  }
}
