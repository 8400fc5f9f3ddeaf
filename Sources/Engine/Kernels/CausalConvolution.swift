import Tensors

/// The frames in front of a causal convolution's first (`model.md` section 2).
package enum ConvolutionPast {
  case zeros
  /// Copies of the first frame.
  case firstFrame
  /// Kept from the chunk before: [B, kt − stride, H, W, Ci].
  case frames(Tensor)
}

/// The geometry of one causal 3-D convolution, in channels-last layout.
///
/// Time: `pastFrames` in front, none behind. Space: zeros on both sides, 'SAME' (for stride 2 none in front, one
/// behind).
struct CausalConvolution {
  struct Axis {
    let kernel: Int
    let stride: Int
    let input: Int
    /// Padding in front of the input.
    let before: Int
    let output: Int

    /// The input with its padding, as far as any output reaches.
    var padded: Int { (output - 1) * stride + kernel }
  }

  let batch: Int
  let t: Axis
  let h: Axis
  let w: Axis
  let inputChannels: Int
  let outputChannels: Int

  init(input: [Int], weight: [Int], stride: (t: Int, h: Int, w: Int), past: ConvolutionPast) {
    precondition(
      input.count == 5 && weight.count == 5 && input[4] == weight[1],
      "a convolution of input \(input) by weight \(weight): five axes each, and equal input channels")
    batch = input[0]
    var pastFrames = weight[2] - 1
    if case .frames(let kept) = past { pastFrames = kept.shape[1] }
    t = Axis(
      kernel: weight[2], stride: stride.t, input: input[1], before: pastFrames,
      output: (input[1] + pastFrames - weight[2]) / stride.t + 1)
    func space(_ size: Int, _ kernel: Int, _ stride: Int) -> Axis {
      let output = (size + stride - 1) / stride
      return Axis(
        kernel: kernel, stride: stride, input: size, before: max(0, (output - 1) * stride + kernel - size) / 2,
        output: output)
    }
    h = space(input[2], weight[3], stride.h)
    w = space(input[3], weight[4], stride.w)
    inputChannels = input[4]
    outputChannels = weight[0]
  }

  /// A convolution that is not causal: zeros around the input in space and time.
  init(input: [Int], weight: [Int], stride: (t: Int, h: Int, w: Int), padding: WindowPadding) {
    precondition(
      input.count == 5 && weight.count == 5 && input[4] == weight[1],
      "a convolution of input \(input) by weight \(weight): five axes each, and equal input channels")
    batch = input[0]
    t = Axis(input[1], kernel: weight[2], stride: stride.t, padding: padding)
    h = Axis(input[2], kernel: weight[3], stride: stride.h, padding: padding)
    w = Axis(input[3], kernel: weight[4], stride: stride.w, padding: padding)
    inputChannels = input[4]
    outputChannels = weight[0]
  }

  var outputShape: [Int] { [batch, t.output, h.output, w.output, outputChannels] }
  var taps: Int { t.kernel * h.kernel * w.kernel }
  /// A convolution of single pixels, whose input needs no padding.
  var isPointwise: Bool { taps == 1 && t.stride == 1 && h.stride == 1 && w.stride == 1 && t.before == 0 }

  var paddedShape: [Int] { [batch, t.padded, h.padded, w.padded, inputChannels] }

  /// Where output pixel (0, 0, 0) of (item, frame) begins to read the padded input.
  func paddedOffset(item: Int, frame: Int) -> Int {
    (item * t.padded + frame * t.stride) * h.padded * w.padded * inputChannels
  }

  /// The pieces of a pixel's neighbourhood: for each (kt, ky) the kw pixels beside each other.
  var segments: [Int64] {
    (0..<t.kernel).flatMap { kt in
      (0..<h.kernel).map { ky in Int64((kt * h.padded + ky) * w.padded * inputChannels) }
    }
  }

  /// Where each output pixel of a frame begins to read, from the frame's own offset.
  var pixelOffsets: [Int64] {
    (0..<h.output).flatMap { y in
      (0..<w.output).map { x in Int64((y * h.stride * w.padded + x * w.stride) * inputChannels) }
    }
  }
}

extension ComputeDevice {
  /// Copies `x` between zeros (in space) and the past (in time), as `shape` wants it read.
  func pad(_ x: Tensor, for shape: CausalConvolution, past: ConvolutionPast) -> Tensor {
    let padded = Tensor(uninitialized: shape.paddedShape)
    let frameCount = shape.h.input * shape.w.input * shape.inputChannels
    parallel(shape.batch * shape.t.padded) { task, _ in
      let item = task / shape.t.padded
      let frame = task % shape.t.padded - shape.t.before
      let source: UnsafePointer<Float>?
      if frame >= shape.t.input {
        source = nil
      } else if frame >= 0 {
        source = UnsafePointer(x.pointer + (item * shape.t.input + frame) * frameCount)
      } else {
        switch past {
        case .zeros: source = nil
        case .firstFrame: source = UnsafePointer(x.pointer + item * shape.t.input * frameCount)
        case .frames(let kept):
          source = UnsafePointer(kept.pointer + (item * shape.t.before + shape.t.before + frame) * frameCount)
        }
      }
      let target = padded.pointer + task * shape.h.padded * shape.w.padded * shape.inputChannels
      placeFrame(source, in: target, h: shape.h, w: shape.w, channels: shape.inputChannels)
    }
    return padded
  }

  /// Writes a frame [h.input, w.input, channels] (nil: zeros) into its padded place.
  private func placeFrame(
    _ source: UnsafePointer<Float>?, in target: UnsafeMutablePointer<Float>, h: CausalConvolution.Axis,
    w: CausalConvolution.Axis, channels: Int
  ) {
    let line = w.padded * channels
    guard let source else {
      target.update(repeating: 0, count: h.padded * line)
      return
    }
    let columns = min(w.input, w.padded - w.before) * channels
    for y in 0..<h.padded {
      let row = target + y * line
      let from = y - h.before
      guard from >= 0, from < h.input else {
        row.update(repeating: 0, count: line)
        continue
      }
      row.update(repeating: 0, count: w.before * channels)
      (row + w.before * channels).update(from: source + from * w.input * channels, count: columns)
      let end = w.before * channels + columns
      (row + end).update(repeating: 0, count: line - end)
    }
  }

  /// `weight` [Co, Ci, kt, kh, kw] packed for `convolve`.
  package func packConvolution(_ weight: Tensor) -> PackedMatrix {
    let depth = weight.count / weight.shape[0]
    return pack(
      weight.pointer, depth: depth, columns: weight.shape[0], columnStride: depth,
      depthOffsets: Self.convolutionOrder(weight.shape))
  }

  /// The order in which `convolve` reads an output channel's weights [Ci, kt, kh, kw]: by taps, then channels.
  package static func convolutionOrder(_ weightShape: [Int]) -> [Int64] {
    let taps = weightShape[2...].reduce(1, *)
    return (0..<taps).flatMap { tap in (0..<weightShape[1]).map { Int64($0 * taps + tap) } }
  }

  /// Causal convolution of x [B, F, H, W, Ci] → [B, F', H', W', Co].
  package func convolve(
    _ x: Tensor, weightShape: [Int], packed: PackedMatrix, bias: Tensor, stride: (t: Int, h: Int, w: Int),
    past: ConvolutionPast
  ) -> Tensor {
    let shape = CausalConvolution(input: x.shape, weight: weightShape, stride: stride, past: past)
    return convolve(x, shape, packed: packed, bias: bias, past: past)
  }

  /// Convolution of x [B, F, H, W, Ci] → [B, F', H', W', Co] with zeros around it, as networks of other packages want
  /// it.
  package func convolve(
    _ x: Tensor, weightShape: [Int], packed: PackedMatrix, bias: Tensor, stride: (t: Int, h: Int, w: Int),
    padding: WindowPadding
  ) -> Tensor {
    let shape = CausalConvolution(input: x.shape, weight: weightShape, stride: stride, padding: padding)
    return convolve(x, shape, packed: packed, bias: bias, past: .zeros)
  }

  private func convolve(
    _ x: Tensor, _ shape: CausalConvolution, packed: PackedMatrix, bias: Tensor, past: ConvolutionPast
  ) -> Tensor {
    let y = Tensor(uninitialized: shape.outputShape)
    if shape.isPointwise {
      product(x.pointer, rows: x.count / shape.inputChannels, packed, bias: bias.pointer, into: y.pointer)
      return y
    }
    let padded = pad(x, for: shape, past: past)
    let frameCount = shape.h.output * shape.w.output
    let batch = (0..<shape.batch * shape.t.output).map { frame in
      (
        a: shape.paddedOffset(item: frame / shape.t.output, frame: frame % shape.t.output),
        c: frame * frameCount * shape.outputChannels
      )
    }
    shape.pixelOffsets.withUnsafeBufferPointer { offsets in
      let gather = RowGather(
        offsets: offsets.baseAddress, segments: shape.segments, segmentLength: shape.w.kernel * shape.inputChannels)
      product(
        padded.pointer, rows: frameCount, gather, packed, bias: bias.pointer, into: y.pointer, cOffsets: nil,
        cStride: shape.outputChannels, batch: batch)
    }
    return withExtendedLifetime(padded) { y }
  }

  /// Rows `rows` of one output frame of a causal convolution of stride 1, written to `output` [rows, W, Co]: those that
  /// `convolve` gives, bit for bit.
  ///
  /// - Parameter frames: what the kt taps read, earliest first, [H, W, Ci] each; nil: zeros. The last is a frame.
  package func convolve(
    frames: [Tensor?], rows: Range<Int>, weightShape: [Int], packed: PackedMatrix, bias: Tensor,
    into output: UnsafeMutablePointer<Float>
  ) {
    guard let size = frames.last??.shape, frames.count == weightShape[2] else {
      preconditionFailure("\(frames.count) frames for a kernel of \(weightShape)")
    }
    let shape = CausalConvolution(
      input: [1, 1, rows.count, size[1], size[2]], weight: weightShape, stride: (1, 1, 1), past: .zeros)
    if shape.isPointwise, let frame = frames[0] {
      product(
        frame.pointer + rows.lowerBound * size[1] * size[2], rows: rows.count * size[1], packed, bias: bias.pointer,
        into: output)
      return
    }
    let padded = pad(frames, rows: rows, height: size[0], for: shape)
    shape.pixelOffsets.withUnsafeBufferPointer { offsets in
      let gather = RowGather(
        offsets: offsets.baseAddress, segments: shape.segments, segmentLength: shape.w.kernel * shape.inputChannels)
      product(
        padded.pointer, rows: rows.count * shape.w.output, gather, packed, bias: bias.pointer, into: output,
        cOffsets: nil, cStride: shape.outputChannels)
    }
    withExtendedLifetime((frames, padded)) {}
  }

  /// Copies the rows that a band reads, those beside it too, between zeros.
  private func pad(_ frames: [Tensor?], rows: Range<Int>, height: Int, for shape: CausalConvolution) -> Tensor {
    let padded = Tensor(uninitialized: shape.paddedShape)
    let line = shape.w.padded * shape.inputChannels
    let (start, count) = (shape.w.before * shape.inputChannels, shape.w.input * shape.inputChannels)
    parallel(frames.count * shape.h.padded) { task, _ in
      let target = padded.pointer + task * line
      let row = rows.lowerBound + task % shape.h.padded - shape.h.before
      guard let frame = frames[task / shape.h.padded], row >= 0, row < height else {
        target.update(repeating: 0, count: line)
        return
      }
      target.update(repeating: 0, count: start)
      (target + start).update(from: frame.pointer + row * count, count: count)
      (target + start + count).update(repeating: 0, count: line - start - count)
    }
    return padded
  }
}
