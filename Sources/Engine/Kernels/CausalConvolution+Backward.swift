import Tensors

/// How input positions along one axis gather gradients from outputs, for one residue of (position + before) mod stride.
///
/// Output o reads input position o·stride + k − before through tap k. So position i, with i + before = q·stride + r,
/// hears from o = q − e through tap k = r + e·stride, for e = 0…lastTap.
private struct GradientPhase {
  /// The positions of this residue, and q of the first; the following have q + 1, q + 2, …
  let positions: [Int]
  let firstQuotient: Int
  /// Taps by rising output: e = lastTap … 0.
  let taps: [Int]

  init(_ axis: CausalConvolution.Axis, residue: Int, range: Range<Int>) {
    positions = range.filter { ($0 + axis.before) % axis.stride == residue }
    firstQuotient = positions.first.map { ($0 + axis.before) / axis.stride } ?? 0
    taps = residue < axis.kernel ? stride(from: residue, to: axis.kernel, by: axis.stride).reversed() : []
  }
}

extension ComputeDevice {
  /// The gradient of `convolve`'s input, given that of its output.
  package func convolutionInputGradient(
    _ dy: Tensor, inputShape: [Int], weight: Tensor, stride: (t: Int, h: Int, w: Int), past: ConvolutionPast
  ) -> Tensor {
    let shape = CausalConvolution(input: inputShape, weight: weight.shape, stride: stride, past: past)
    if shape.isPointwise {
      let dx = Tensor(uninitialized: inputShape)
      product(dy.pointer, rows: dy.count / shape.outputChannels, packPlain(weight), into: dx.pointer)
      return dx
    }
    guard case .firstFrame = past else { return gatherGradient(dy, weight: weight, shape, firstFrame: 0) }
    let extended = gatherGradient(dy, weight: weight, shape, firstFrame: -shape.t.before)
    return foldPastIntoFirstFrame(extended, shape)
  }

  /// Gradients of frames `firstFrame`..<input of the input (negative: of the padding).
  private func gatherGradient(
    _ dy: Tensor, weight: Tensor, _ shape: CausalConvolution, firstFrame: Int
  ) -> Tensor {
    let frames = shape.t.input - firstFrame
    let size = [shape.batch, frames, shape.h.input, shape.w.input, shape.inputChannels]
    // A stride beyond the kernel leaves inputs that no output reads.
    let coversAll = [shape.t, shape.h, shape.w].allSatisfy { $0.stride <= $0.kernel }
    let dx = coversAll ? Tensor(uninitialized: size) : Tensor(zeros: size)
    let (padded, before) = padGradient(dy, shape)
    for rt in 0..<shape.t.stride {
      for rh in 0..<shape.h.stride {
        for rw in 0..<shape.w.stride {
          let t = GradientPhase(shape.t, residue: rt, range: firstFrame..<shape.t.input)
          let h = GradientPhase(shape.h, residue: rh, range: 0..<shape.h.input)
          let w = GradientPhase(shape.w, residue: rw, range: 0..<shape.w.input)
          gatherPhase(padded, before: before, t, h, w, weight: weight, shape, into: dx, firstFrame: firstFrame)
        }
      }
    }
    return dx
  }

  /// dy between zeros, so that no output that a position hears from is out of bounds.
  private func padGradient(_ dy: Tensor, _ shape: CausalConvolution) -> (Tensor, before: (t: Int, h: Int, w: Int)) {
    func extent(_ axis: CausalConvolution.Axis) -> (before: Int, total: Int) {
      let before = (axis.kernel - 1) / axis.stride
      let last = (axis.input - 1 + axis.before) / axis.stride
      return (before, before + max(axis.output, last + 1))
    }
    let (t, h, w) = (extent(shape.t), extent(shape.h), extent(shape.w))
    let channels = shape.outputChannels
    let padded = Tensor(uninitialized: [shape.batch, t.total, h.total, w.total, channels])
    let lineCount = shape.w.output * channels
    parallel(shape.batch * t.total) { task, _ in
      let (item, frame) = (task / t.total, task % t.total - t.before)
      for line in 0..<h.total {
        let target = padded.pointer + (task * h.total + line) * w.total * channels
        let y = line - h.before
        guard frame >= 0, frame < shape.t.output, y >= 0, y < shape.h.output else {
          target.update(repeating: 0, count: w.total * channels)
          continue
        }
        let source = ((item * shape.t.output + frame) * shape.h.output + y) * lineCount
        let (before, end) = (w.before * channels, w.before * channels + lineCount)
        target.update(repeating: 0, count: before)
        (target + before).update(from: dy.pointer + source, count: lineCount)
        (target + end).update(repeating: 0, count: w.total * channels - end)
      }
    }
    return (padded, (t.before, h.before, w.before))
  }

  private func gatherPhase(
    _ padded: Tensor, before: (t: Int, h: Int, w: Int), _ t: GradientPhase, _ h: GradientPhase, _ w: GradientPhase,
    weight: Tensor, _ shape: CausalConvolution, into dx: Tensor, firstFrame: Int
  ) {
    if t.taps.isEmpty || h.taps.isEmpty || w.taps.isEmpty { return }
    if t.positions.isEmpty || h.positions.isEmpty || w.positions.isEmpty { return }
    let channels = shape.outputChannels
    let (lines, columns) = (padded.shape[2], padded.shape[3])
    let segments = t.taps.indices.flatMap { a in h.taps.indices.map { b in Int64((a * lines + b) * columns * channels) }
    }
    var depthOffsets: [Int64] = []
    for kt in t.taps {
      for kh in h.taps {
        for kw in w.taps {
          let tap = (kt * shape.h.kernel + kh) * shape.w.kernel + kw
          for co in 0..<channels { depthOffsets.append(Int64(co * shape.inputChannels * shape.taps + tap)) }
        }
      }
    }
    let packed = pack(
      weight.pointer, depth: depthOffsets.count, columns: shape.inputChannels, columnStride: shape.taps,
      depthOffsets: depthOffsets, pieceLength: w.taps.count * channels)
    // The first tap of each axis is the one with the largest e: its output is q − (taps − 1).
    func origin(_ phase: GradientPhase, _ before: Int) -> Int { phase.firstQuotient - (phase.taps.count - 1) + before }
    let (t0, h0, w0) = (origin(t, before.t), origin(h, before.h), origin(w, before.w))
    var aOffsets: [Int64] = []
    var cOffsets: [Int64] = []
    for (j, y) in h.positions.enumerated() {
      for (i, x) in w.positions.enumerated() {
        aOffsets.append(Int64(((h0 + j) * columns + w0 + i) * channels))
        cOffsets.append(Int64((y * shape.w.input + x) * shape.inputChannels))
      }
    }
    let frames = dx.shape[1]
    let frameCount = shape.h.input * shape.w.input * shape.inputChannels
    let batch = (0..<shape.batch).flatMap { item in
      t.positions.enumerated().map { index, frame in
        (
          a: (item * padded.shape[1] + t0 + index) * lines * columns * channels,
          c: (item * frames + frame - firstFrame) * frameCount
        )
      }
    }
    aOffsets.withUnsafeBufferPointer { aOffsets in
      cOffsets.withUnsafeBufferPointer { cOffsets in
        let gather = RowGather(
          offsets: aOffsets.baseAddress, segments: segments, segmentLength: w.taps.count * channels)
        product(
          padded.pointer, rows: aOffsets.count, gather, packed, bias: nil, into: dx.pointer,
          cOffsets: cOffsets.baseAddress, cStride: 0, batch: batch)
      }
    }
    withExtendedLifetime((padded, packed)) {}
  }

  /// The padding is the first frame again, so its gradients are the first frame's.
  private func foldPastIntoFirstFrame(_ extended: Tensor, _ shape: CausalConvolution) -> Tensor {
    let before = shape.t.before
    let dx = Tensor(uninitialized: [shape.batch, shape.t.input] + extended.shape.dropFirst(2))
    let frameCount = shape.h.input * shape.w.input * shape.inputChannels
    for item in 0..<shape.batch {
      let source = extended.pointer + item * (before + shape.t.input) * frameCount
      let target = dx.pointer + item * shape.t.input * frameCount
      target.update(from: source + before * frameCount, count: shape.t.input * frameCount)
      for frame in 0..<before { kernels.pointee.accumulate(source + frame * frameCount, 1, target, Int64(frameCount)) }
    }
    return withExtendedLifetime(extended) { dx }
  }

  /// The gradients of `convolve`'s weight and bias.
  package func convolutionWeightGradient(
    _ dy: Tensor, input x: Tensor, weightShape: [Int], stride: (t: Int, h: Int, w: Int), past: ConvolutionPast
  ) -> (weight: Tensor, bias: Tensor) {
    let shape = CausalConvolution(input: x.shape, weight: weightShape, stride: stride, past: past)
    let bias = sumOfRows(dy, columns: shape.outputChannels)
    let (ci, co) = (shape.inputChannels, shape.outputChannels)
    let sums = Tensor(zeros: [shape.taps * ci, co])
    if shape.isPointwise {
      transposedProduct(x.pointer, dy.pointer, depth: x.count / ci, rows: ci, columns: co, addingTo: sums.pointer)
    } else {
      let padded = pad(x, for: shape, past: past)
      outerProducts(weightGradientProducts(padded, dy, shape, into: sums))
      withExtendedLifetime(padded) {}
    }
    let weight = Tensor(uninitialized: weightShape)
    let taps = shape.taps
    // Sixteen output channels at a time: whole cache lines on both sides.
    parallelRanges(co, grain: 16) { range in
      for i in 0..<ci {
        for tap in 0..<taps {
          let source = sums.pointer + (tap * ci + i) * co
          for o in range { weight.pointer[(o * ci + i) * taps + tap] = source[o] }
        }
      }
    }
    return withExtendedLifetime(sums) { (weight, bias) }
  }

  /// One sum for each (kt, ky): its rows are (kx, ci), which lie beside each other in the padded input.
  private func weightGradientProducts(
    _ padded: Tensor, _ dy: Tensor, _ shape: CausalConvolution, into sums: Tensor
  ) -> [OuterProduct] {
    let (ci, co) = (shape.inputChannels, shape.outputChannels)
    let frames = (0..<shape.batch).flatMap { item in (0..<shape.t.output).map { (item, $0) } }
    let bLines = (0..<frames.count * shape.h.output).map { Int64($0 * shape.w.output * co) }
    let rows = shape.w.kernel * ci
    return shape.segments.indices.map { piece in
      let segment = shape.segments[piece]
      let aLines = frames.flatMap { item, frame in
        (0..<shape.h.output).map { y in
          Int64(shape.paddedOffset(item: item, frame: frame) + y * shape.h.stride * shape.w.padded * ci) + segment
        }
      }
      return OuterProduct(
        a: padded.pointer, aLines: aLines, aStride: shape.w.stride * ci, b: dy.pointer, bLines: bLines, bStride: co,
        lineLength: shape.w.output, rows: rows, columns: co, c: sums.pointer + piece * rows * co, cStride: co)
    }
  }

  /// Σ over rows of x [rows, columns], in a fixed order: blocks of 1,024 rows, then the blocks.
  package func sumOfRows(_ x: Tensor, columns: Int) -> Tensor {
    let rows = x.count / columns
    let block = 1_024
    let blocks = (rows + block - 1) / block
    let partial = Tensor(zeros: [blocks, columns])
    parallel(blocks) { index, _ in
      let first = index * block
      kernels.pointee.sumRows(
        x.pointer + first * columns, partial.pointer + index * columns, Int64(min(rows - first, block)), Int64(columns))
    }
    let sums = Tensor(zeros: [columns])
    kernels.pointee.sumRows(partial.pointer, sums.pointer, Int64(blocks), Int64(columns))
    return withExtendedLifetime(partial) { sums }
  }
}
