import Kernels
import Tensors

/// The frames in front of a causal convolution's first.
package typealias ConvolutionPast = Kernels.ConvolutionPast

extension Tape {
  /// Causal convolution (`model.md` section 2): x [B, F, H, W, Ci], weight [Co, Ci, kt, kh, kw] or [Co, Ci, kh, kw],
  /// bias [Co] → [B, F', H', W', Co]. In front stand kt − 1 frames by `past`; space is padded with zeros, 'SAME'.
  package func conv3d(
    _ x: Variable, weight: Parameter, bias: Parameter, stride: (t: Int, h: Int, w: Int), past: ConvolutionPast
  ) -> Variable {
    let shape = weight.convolutionShape
    let b = read(bias)
    let y = device.convolve(
      x.value, weightShape: shape, packed: packed(convolution: weight), bias: b.value, stride: stride, past: past)
    // What is not recorded does not need the weight's value beside its packed layout.
    guard isRecording else { return constant(y) }
    let w = read(weight)
    return record(y, [x, w, b]) { [device] dy in
      var dx: Tensor?
      if x.node != nil {
        dx = device.convolutionInputGradient(
          dy, inputShape: x.shape, weight: w.value.reshaped(shape), stride: stride, past: past)
      }
      if w.node == nil { return [dx, nil, nil] }
      let gradient = device.convolutionWeightGradient(
        dy, input: x.value, weightShape: shape, stride: stride, past: past)
      return [dx, gradient.weight.reshaped(weight.shape), gradient.bias]
    }
  }

  fileprivate func packed(convolution weight: Parameter) -> PackedMatrix {
    let shape = weight.convolutionShape
    return weight.packed(on: device, depthOffsets: ComputeDevice.convolutionOrder(shape)) {
      device.packConvolution($0.reshaped(shape))
    }
  }

  /// DS(bt, bh, bw) of `model.md` section 0 on x [B, T, H, W, bt·bh·bw·C], then the first `droppingFirst` frames left
  /// out.
  package func depthToSpace(_ x: Variable, block: (t: Int, h: Int, w: Int), droppingFirst: Int) -> Variable {
    record(device.depthToSpace(x.value, block: block, droppingFirst: droppingFirst), [x]) { [device] in
      [device.spaceToDepth($0, inputShape: x.shape, block: block, droppingFirst: droppingFirst)]
    }
  }
}

/// One frame at a time, in bands of rows: what frame after frame gives is what `conv3d` gives of the clip, bit for bit,
/// in memory for a frame and a band. Nothing is recorded.
extension Tape {
  /// Causal convolution of stride 1: the frames that the kernel's kt taps read, earliest first, each [H, W, Ci] (nil:
  /// zeros) → the frame [H, W, Co] of the last.
  ///
  /// - Parameter bandByteCount: the most memory for the padded input of one band; at least a row is done at once.
  package func convolve(
    frames: [Tensor?], weight: Parameter, bias: Parameter, bandByteCount: Int
  ) -> Tensor {
    let (height, width) = Self.frameSize(frames)
    let y = Tensor(uninitialized: [height, width, weight.shape[0]])
    forEachBand(frames, weight: weight, byteCount: bandByteCount) { rows in
      device.convolve(
        frames: frames, rows: rows, weightShape: weight.convolutionShape, packed: packed(convolution: weight),
        bias: bias.value, into: y.pointer + rows.lowerBound * width * weight.shape[0])
    }
    return y
  }

  /// The same followed by `depthToSpace` of block (bt, 2, 2): bt − droppingFirst frames [2H, 2W, Co/(4·bt)].
  package func convolveToSpace(
    frames: [Tensor?], weight: Parameter, bias: Parameter, timeFactor: Int, droppingFirst: Int, bandByteCount: Int
  ) -> [Tensor] {
    let (height, width) = Self.frameSize(frames)
    let outputs = weight.shape[0]
    let results = (droppingFirst..<timeFactor).map { _ in
      Tensor(uninitialized: [2 * height, 2 * width, outputs / (4 * timeFactor)])
    }
    forEachBand(frames, weight: weight, byteCount: bandByteCount) { rows in
      let band = Tensor(uninitialized: [1, 1, rows.count, width, outputs])
      device.convolve(
        frames: frames, rows: rows, weightShape: weight.convolutionShape, packed: packed(convolution: weight),
        bias: bias.value, into: band.pointer)
      let open = device.depthToSpace(band, block: (timeFactor, 2, 2), droppingFirst: droppingFirst)[0]
      for (index, result) in results.enumerated() {
        let part = open[index]
        (result.pointer + 2 * rows.lowerBound * result.shape[1] * result.shape[2])
          .update(from: part.pointer, count: part.count)
      }
    }
    return results
  }

  private static func frameSize(_ frames: [Tensor?]) -> (height: Int, width: Int) {
    guard let shape = frames.last??.shape else { preconditionFailure("a convolution of no frame") }
    return (shape[0], shape[1])
  }

  /// Splits the rows of a frame so that a band's padded input, and its output, stay within `byteCount`.
  private func forEachBand(_ frames: [Tensor?], weight: Parameter, byteCount: Int, _ body: (Range<Int>) -> Void) {
    let (height, width) = Self.frameSize(frames)
    let shape = weight.convolutionShape
    let channels = max(shape[2] * shape[1], shape[0])
    let rowCount = max(1, byteCount / ((width + shape[4] - 1) * channels * MemoryLayout<Float>.stride))
    for first in stride(from: 0, to: height, by: rowCount) { body(first..<min(height, first + rowCount)) }
  }
}

extension Parameter {
  /// A convolution's weight as [Co, Ci, kt, kh, kw]; one in space alone has kt = 1.
  fileprivate var convolutionShape: [Int] {
    shape.count == 5 ? shape : shape[0..<2] + [1] + shape[2...]
  }
}
