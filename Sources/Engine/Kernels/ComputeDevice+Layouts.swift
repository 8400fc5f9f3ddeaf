import Tensors

/// Permutations of elements, each the gradient of its inverse.
extension ComputeDevice {
  /// DS(bt, bh, bw) of `model.md` section 0, the first `droppingFirst` frames left out:
  /// [B, T, H, W, bt·bh·bw·C] → [B, T·bt − droppingFirst, H·bh, W·bw, C].
  package func depthToSpace(_ x: Tensor, block: (t: Int, h: Int, w: Int), droppingFirst: Int) -> Tensor {
    let layout = DepthToSpace(input: x.shape, block: block, droppingFirst: droppingFirst)
    let y = Tensor(uninitialized: layout.outputShape)
    parallel(layout.lineCount) { line, _ in
      layout.forEachRun(line) { packed, open, count in (y.pointer + open).update(from: x.pointer + packed, count: count)
      }
    }
    return y
  }

  /// The inverse; dropped frames become zeros.
  package func spaceToDepth(
    _ y: Tensor, inputShape: [Int], block: (t: Int, h: Int, w: Int), droppingFirst: Int
  ) -> Tensor {
    let layout = DepthToSpace(input: inputShape, block: block, droppingFirst: droppingFirst)
    let x = droppingFirst > 0 ? Tensor(zeros: inputShape) : Tensor(uninitialized: inputShape)
    parallel(layout.lineCount) { line, _ in
      layout.forEachRun(line) { packed, open, count in (x.pointer + packed).update(from: y.pointer + open, count: count)
      }
    }
    return x
  }

  /// [B, F, h, w, C] → [B·F·(h/p)·(w/p), p·p·C], index (py·p + px)·C + ch.
  package func patchify(_ x: Tensor, patch: Int) -> Tensor {
    let layout = Patches(shape: x.shape, patch: patch)
    let tokens = Tensor(uninitialized: layout.tokenShape)
    parallel(layout.frames) { frame, _ in
      layout.forEachRun(frame) { token, pixel in
        (tokens.pointer + token).update(from: x.pointer + pixel, count: layout.run)
      }
    }
    return tokens
  }

  /// The inverse of `patchify`, to `shape` [B, F, h, w, C].
  package func unpatchify(_ tokens: Tensor, patch: Int, shape: [Int]) -> Tensor {
    let layout = Patches(shape: shape, patch: patch)
    precondition(tokens.count == shape.reduce(1, *), "\(tokens.shape) tokens for \(shape)")
    let x = Tensor(uninitialized: shape)
    parallel(layout.frames) { frame, _ in
      layout.forEachRun(frame) { token, pixel in
        (x.pointer + pixel).update(from: tokens.pointer + token, count: layout.run)
      }
    }
    return x
  }
}

private struct DepthToSpace: Sendable {
  let input: [Int]
  let outputShape: [Int]
  private let block: (t: Int, h: Int, w: Int)
  private let channels: Int
  private let droppingFirst: Int

  init(input: [Int], block: (t: Int, h: Int, w: Int), droppingFirst: Int) {
    let cells = block.t * block.h * block.w
    precondition(input.count == 5 && input[4] % cells == 0, "depth to space of \(input) by \(block)")
    self.input = input
    self.block = block
    self.droppingFirst = droppingFirst
    channels = input[4] / cells
    outputShape = [
      input[0], input[1] * block.t - droppingFirst, input[2] * block.h, input[3] * block.w, channels,
    ]
  }

  /// Lines of the input: (item, frame, y).
  var lineCount: Int { input[0] * input[1] * input[2] }

  func forEachRun(_ line: Int, _ body: (_ packed: Int, _ open: Int, _ count: Int) -> Void) {
    let y = line % input[2]
    let frame = line / input[2] % input[1]
    let item = line / (input[2] * input[1])
    for dt in 0..<block.t {
      let outFrame = frame * block.t + dt - droppingFirst
      if outFrame < 0 { continue }
      for dy in 0..<block.h {
        let row = ((item * outputShape[1] + outFrame) * outputShape[2] + y * block.h + dy) * outputShape[3]
        for x in 0..<input[3] {
          let packed = (line * input[3] + x) * input[4] + (dt * block.h + dy) * block.w * channels
          // The bw offsets of one (dt, dy) lie beside each other on both sides.
          body(packed, (row + x * block.w) * channels, block.w * channels)
        }
      }
    }
  }
}

private struct Patches: Sendable {
  let frames: Int
  /// Elements of one line of a patch, beside each other on both sides.
  let run: Int
  let tokenShape: [Int]
  private let patch: Int
  private let height: Int
  private let width: Int

  init(shape: [Int], patch: Int) {
    precondition(
      shape.count == 5 && shape[2] % patch == 0 && shape[3] % patch == 0, "patches of \(patch) in \(shape)")
    self.patch = patch
    frames = shape[0] * shape[1]
    (height, width) = (shape[2] / patch, shape[3] / patch)
    run = patch * shape[4]
    tokenShape = [frames * height * width, patch * run]
  }

  func forEachRun(_ frame: Int, _ body: (_ token: Int, _ pixel: Int) -> Void) {
    for y in 0..<height {
      for py in 0..<patch {
        let line = ((frame * height + y) * patch + py) * width
        for x in 0..<width {
          body((((frame * height + y) * width + x) * patch + py) * run, (line + x) * run)
        }
      }
    }
  }
}
