import Tensors

extension Tape {
  /// [B, F, h, w, C] → [B·F·(h/p)·(w/p), p·p·C], index (py·p + px)·C + ch (`model.md` 3.1).
  package func patchify(_ x: Variable, patch: Int) -> Variable {
    record(device.patchify(x.value, patch: patch), [x]) { [device] in
      [device.unpatchify($0, patch: patch, shape: x.shape)]
    }
  }

  /// The inverse of `patchify`, to `shape` [B, F, h, w, C].
  package func unpatchify(_ x: Variable, patch: Int, shape: [Int]) -> Variable {
    record(device.unpatchify(x.value, patch: patch, shape: shape), [x]) { [device] in
      [device.patchify($0, patch: patch).reshaped(x.shape)]
    }
  }

  /// tokens [frames·hp·wp, d] + space [hp, wp, d] + time[timeOfFrame[f]], where f runs over all frames of the batch.
  package func addPositions(
    _ tokens: Variable, space: Parameter, time: Parameter, timeOfFrame: [Int]
  ) -> Variable {
    let d = tokens.shape[1]
    let perFrame = space.value.count / d
    precondition(
      tokens.shape[0] == timeOfFrame.count * perFrame,
      "\(tokens.shape[0]) tokens in \(timeOfFrame.count) frames of \(perFrame)")
    let (spaceLeaf, timeLeaf) = (read(space), read(time))
    let y = Tensor(uninitialized: tokens.shape)
    device.parallel(timeOfFrame.count) { frame, _ in
      let shift = timeLeaf.value.pointer + timeOfFrame[frame] * d
      for token in 0..<perFrame {
        let start = (frame * perFrame + token) * d
        for k in 0..<d {
          y.pointer[start + k] = tokens.value.pointer[start + k] + spaceLeaf.value.pointer[token * d + k] + shift[k]
        }
      }
    }
    return record(y, [tokens, spaceLeaf, timeLeaf]) { [device] dy in
      let dSpace = device.sumOfRows(dy, columns: perFrame * d).reshaped(space.shape)
      let dTime = Tensor(zeros: time.shape)
      for (frame, index) in timeOfFrame.enumerated() {
        let sum = device.sumOfRows(dy.reshaped([timeOfFrame.count, perFrame, d])[frame], columns: d)
        device.accumulate(sum, times: 1, into: dTime[index])
      }
      return [dy, dSpace, dTime]
    }
  }
}
