import CKernels
import Tensors

/// Rows of d in equal blocks, each block under one condition: block i scales, shifts or gates its rows by the vector at
/// `offset + conditionOfBlock[i]·stride` of the modulation.
package struct BlockModulation: Sendable {
  package let conditionOfBlock: [Int]
  /// Elements between the vectors of one condition and the next.
  package let stride: Int

  package init(conditionOfBlock: [Int], stride: Int) {
    (self.conditionOfBlock, self.stride) = (conditionOfBlock, stride)
  }
}

extension ComputeDevice {
  private static let rowGrain = 64

  /// Layer norm of x [..., d], eps 1e-6, affine.
  package func layerNorm(_ x: Tensor, weight: Tensor, bias: Tensor) -> Tensor {
    let d = weight.count
    let y = Tensor(uninitialized: x.shape)
    parallelRanges(x.count / d, grain: Self.rowGrain) { rows in
      let start = rows.lowerBound * d
      kernels.pointee.layerNorm(
        x.pointer + start, weight.pointer, bias.pointer, 0, y.pointer + start, Int64(rows.count), Int64(d))
    }
    return y
  }

  package func layerNormBackward(
    _ x: Tensor, weight: Tensor, dy: Tensor
  ) -> (x: Tensor, weight: Tensor, bias: Tensor) {
    let d = weight.count
    let rows = x.count / d
    let dx = Tensor(uninitialized: x.shape)
    let blocks = (rows + Self.rowGrain - 1) / Self.rowGrain
    let partial = Tensor(zeros: [blocks, 2, d])
    parallel(blocks) { block, _ in
      let first = block * Self.rowGrain
      let start = first * d
      let sums = partial.pointer + block * 2 * d
      kernels.pointee.layerNormBackward(
        x.pointer + start, weight.pointer, 0, dy.pointer + start, dx.pointer + start, sums, sums + d,
        Int64(min(rows - first, Self.rowGrain)), Int64(d))
    }
    let sums = sumOfRows(partial, columns: 2 * d).reshaped([2, d])
    return (dx, sums[0].reshaped(weight.shape), sums[1].reshaped(weight.shape))
  }

  /// T5's norm (`model.md` section 5) of x [..., d].
  package func rmsNorm(_ x: Tensor, weight: Tensor) -> Tensor {
    let d = weight.count
    let y = Tensor(uninitialized: x.shape)
    parallelRanges(x.count / d, grain: Self.rowGrain) { rows in
      let start = rows.lowerBound * d
      kernels.pointee.rmsNorm(x.pointer + start, weight.pointer, y.pointer + start, Int64(rows.count), Int64(d))
    }
    return y
  }

  package func rmsNormBackward(_ x: Tensor, weight: Tensor, dy: Tensor) -> (x: Tensor, weight: Tensor) {
    let d = weight.count
    let rows = x.count / d
    let dx = Tensor(uninitialized: x.shape)
    let blocks = (rows + Self.rowGrain - 1) / Self.rowGrain
    let partial = Tensor(zeros: [blocks, d])
    parallel(blocks) { block, _ in
      let first = block * Self.rowGrain
      let start = first * d
      kernels.pointee.rmsNormBackward(
        x.pointer + start, weight.pointer, dy.pointer + start, dx.pointer + start, partial.pointer + block * d,
        Int64(min(rows - first, Self.rowGrain)), Int64(d))
    }
    return (dx, sumOfRows(partial, columns: d).reshaped(weight.shape))
  }

  /// (1 + γ) ⊙ LN(x) + β of x [N, d]; γ and β begin at those pointers for condition 0.
  package func modulatedLayerNorm(
    _ x: Tensor, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>, _ modulation: BlockModulation
  ) -> Tensor {
    let (rows, d) = blockSize(x, modulation)
    let y = Tensor(uninitialized: x.shape)
    parallel(modulation.conditionOfBlock.count) { block, _ in
      let start = block * rows * d
      let offset = modulation.conditionOfBlock[block] * modulation.stride
      kernels.pointee.layerNorm(
        x.pointer + start, scale + offset, shift + offset, 1, y.pointer + start, Int64(rows), Int64(d))
    }
    return y
  }

  /// dx, and what is added to γ's and β's gradients (which begin at those pointers for condition 0).
  package func modulatedLayerNormBackward(
    _ x: Tensor, scale: UnsafePointer<Float>, _ modulation: BlockModulation, dy: Tensor,
    dScale: UnsafeMutablePointer<Float>, dShift: UnsafeMutablePointer<Float>
  ) -> Tensor {
    let (rows, d) = blockSize(x, modulation)
    let dx = Tensor(uninitialized: x.shape)
    let partial = Tensor(zeros: [modulation.conditionOfBlock.count, 2, d])
    parallel(modulation.conditionOfBlock.count) { block, _ in
      let start = block * rows * d
      let sums = partial.pointer + block * 2 * d
      kernels.pointee.layerNormBackward(
        x.pointer + start, scale + modulation.conditionOfBlock[block] * modulation.stride, 1, dy.pointer + start,
        dx.pointer + start, sums, sums + d, Int64(rows), Int64(d))
    }
    for (block, condition) in modulation.conditionOfBlock.enumerated() {
      let sums = partial.pointer + block * 2 * d
      kernels.pointee.accumulate(sums, 1, dScale + condition * modulation.stride, Int64(d))
      kernels.pointee.accumulate(sums + d, 1, dShift + condition * modulation.stride, Int64(d))
    }
    return withExtendedLifetime(partial) { dx }
  }

  /// x + α ⊙ v for x, v [N, d].
  package func gatedAdd(
    _ x: Tensor, _ v: Tensor, gate: UnsafePointer<Float>, _ modulation: BlockModulation
  ) -> Tensor {
    let (rows, d) = blockSize(x, modulation)
    let y = Tensor(uninitialized: x.shape)
    parallel(modulation.conditionOfBlock.count) { block, _ in
      let start = block * rows * d
      kernels.pointee.gatedAdd(
        x.pointer + start, v.pointer + start, gate + modulation.conditionOfBlock[block] * modulation.stride,
        y.pointer + start, Int64(rows), Int64(d))
    }
    return y
  }

  /// dv, and what is added to the gate's gradient.
  package func gatedAddBackward(
    _ v: Tensor, gate: UnsafePointer<Float>, _ modulation: BlockModulation, dy: Tensor,
    dGate: UnsafeMutablePointer<Float>
  ) -> Tensor {
    let (rows, d) = blockSize(v, modulation)
    let dv = Tensor(uninitialized: v.shape)
    let partial = Tensor(zeros: [modulation.conditionOfBlock.count, d])
    parallel(modulation.conditionOfBlock.count) { block, _ in
      let start = block * rows * d
      kernels.pointee.gatedAddBackward(
        v.pointer + start, gate + modulation.conditionOfBlock[block] * modulation.stride, dy.pointer + start,
        dv.pointer + start, partial.pointer + block * d, Int64(rows), Int64(d))
    }
    for (block, condition) in modulation.conditionOfBlock.enumerated() {
      kernels.pointee.accumulate(partial.pointer + block * d, 1, dGate + condition * modulation.stride, Int64(d))
    }
    return withExtendedLifetime(partial) { dv }
  }

  private func blockSize(_ x: Tensor, _ modulation: BlockModulation) -> (rows: Int, d: Int) {
    let blocks = modulation.conditionOfBlock.count
    precondition(
      x.shape.count == 2 && blocks > 0 && x.shape[0] % blocks == 0, "\(blocks) blocks of rows in \(x.shape)")
    return (x.shape[0] / blocks, x.shape[1])
  }

  /// Group norm of each frame of x [B, F, H, W, C] over (H, W, C/groups), eps 1e-6, then SiLU if asked; also the mean
  /// and 1/√(variance + eps) of each group [frames, groups, 2].
  package func groupNorm(
    _ x: Tensor, weight: Tensor, bias: Tensor, groups: Int, silu: Bool
  ) -> (y: Tensor, moments: Tensor) {
    let (frames, pixels, channels) = frameSize(x, groups: groups)
    let y = Tensor(uninitialized: x.shape)
    let moments = Tensor(uninitialized: [frames, groups, 2])
    let scratch = Tensor(uninitialized: [threadCount, 2 * channels])
    parallel(frames) { frame, worker in
      let start = frame * pixels * channels
      let (frameMoments, own) = (moments.pointer + frame * groups * 2, scratch.pointer + worker * 2 * channels)
      kernels.pointee.groupMoments(
        x.pointer + start, frameMoments, Int64(pixels), Int64(channels), Int64(groups), own)
      kernels.pointee.groupApply(
        x.pointer + start, weight.pointer, bias.pointer, silu ? 1 : 0, frameMoments, y.pointer + start, Int64(pixels),
        Int64(channels), Int64(groups), own)
    }
    return withExtendedLifetime(scratch) { (y, moments) }
  }

  /// Group norm of one frame [H, W, C] by its own moments, then SiLU: `groupNorm` of that frame, bit for bit, with the
  /// rows shared among the threads.
  package func groupNormSiLU(frame x: Tensor, weight: Tensor, bias: Tensor, groups: Int) -> Tensor {
    let (channels, width) = (x.shape[2], x.shape[1])
    precondition(channels % groups == 0, "\(channels) channels in \(groups) groups")
    let y = Tensor(uninitialized: x.shape)
    let moments = Tensor(uninitialized: [groups, 2])
    let scratch = Tensor(uninitialized: [threadCount, 2 * channels])
    kernels.pointee.groupMoments(
      x.pointer, moments.pointer, Int64(x.shape[0] * width), Int64(channels), Int64(groups), scratch.pointer)
    parallel(x.shape[0]) { row, worker in
      let start = row * width * channels
      kernels.pointee.groupApply(
        x.pointer + start, weight.pointer, bias.pointer, 1, moments.pointer, y.pointer + start, Int64(width),
        Int64(channels), Int64(groups), scratch.pointer + worker * 2 * channels)
    }
    return withExtendedLifetime((x, scratch)) { y }
  }

  package func groupNormBackward(
    _ x: Tensor, weight: Tensor, bias: Tensor, groups: Int, silu: Bool, moments: Tensor, dy: Tensor
  ) -> (x: Tensor, weight: Tensor, bias: Tensor) {
    let (frames, pixels, channels) = frameSize(x, groups: groups)
    let dx = Tensor(uninitialized: x.shape)
    let partial = Tensor(uninitialized: [frames, 2, channels])
    let scratch = Tensor(uninitialized: [threadCount, 4 * channels])
    parallel(frames) { frame, worker in
      let start = frame * pixels * channels
      let sums = partial.pointer + frame * 2 * channels
      kernels.pointee.groupNormBackward(
        x.pointer + start, weight.pointer, bias.pointer, silu ? 1 : 0, moments.pointer + frame * groups * 2,
        dy.pointer + start, dx.pointer + start, sums, sums + channels, Int64(pixels), Int64(channels), Int64(groups),
        scratch.pointer + worker * 4 * channels)
    }
    let sums = sumOfRows(partial, columns: 2 * channels).reshaped([2, channels])
    return withExtendedLifetime(scratch) { (dx, sums[0], sums[1]) }
  }

  private func frameSize(_ x: Tensor, groups: Int) -> (frames: Int, pixels: Int, channels: Int) {
    precondition(x.shape.count == 5, "group norm of \(x.shape): [B, F, H, W, C] expected")
    let channels = x.shape[4]
    precondition(channels % groups == 0, "\(channels) channels in \(groups) groups")
    return (x.shape[0] * x.shape[1], x.shape[2] * x.shape[3], channels)
  }
}
