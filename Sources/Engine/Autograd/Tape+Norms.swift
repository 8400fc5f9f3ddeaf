import Kernels
import Tensors

extension Tape {
  /// Layer norm over the last axis, eps 1e-6, affine.
  package func layerNorm(_ x: Variable, weight: Parameter, bias: Parameter) -> Variable {
    let (w, b) = (read(weight), read(bias))
    return record(device.layerNorm(x.value, weight: w.value, bias: b.value), [x, w, b]) { [device] dy in
      let gradient = device.layerNormBackward(x.value, weight: w.value, dy: dy)
      return [gradient.x, gradient.weight, gradient.bias]
    }
  }

  /// T5's: w ⊙ x/√(mean(x²) + 1e-6) over the last axis (`model.md` section 5).
  package func rmsNorm(_ x: Variable, weight: Parameter) -> Variable {
    let w = read(weight)
    return record(device.rmsNorm(x.value, weight: w.value), [x, w]) { [device] dy in
      let gradient = device.rmsNormBackward(x.value, weight: w.value, dy: dy)
      return [gradient.x, gradient.weight]
    }
  }

  /// (1 + γ) ⊙ LN(x) + β (`model.md` 3.3): x [N, d]; `modulation` [U, parts·d] holds γ at part `scale`, β at part
  /// `shift`; the rows of x come in equal blocks, block i under condition `conditionOfBlock[i]` (0..<U).
  package func modulatedLayerNorm(
    _ x: Variable, modulation: Variable, scale: Int, shift: Int, conditionOfBlock: [Int]
  ) -> Variable {
    let d = x.shape[1]
    let blocks = BlockModulation(conditionOfBlock: conditionOfBlock, stride: modulation.shape[1])
    let base = modulation.value.pointer
    let y = device.modulatedLayerNorm(x.value, scale: base + scale * d, shift: base + shift * d, blocks)
    return record(y, [x, modulation]) { [device] dy in
      let sums = Tensor(zeros: modulation.shape)
      let dx = device.modulatedLayerNormBackward(
        x.value, scale: modulation.value.pointer + scale * d, blocks, dy: dy, dScale: sums.pointer + scale * d,
        dShift: sums.pointer + shift * d)
      return [dx, sums]
    }
  }

  /// x + α ⊙ y (`model.md` 3.3): x, y [N, d]; α is part `gate` of `modulation` [U, parts·d], blocks as above.
  package func gatedResidual(
    _ x: Variable, _ y: Variable, modulation: Variable, gate: Int, conditionOfBlock: [Int]
  ) -> Variable {
    let d = x.shape[1]
    let blocks = BlockModulation(conditionOfBlock: conditionOfBlock, stride: modulation.shape[1])
    let sum = device.gatedAdd(x.value, y.value, gate: modulation.value.pointer + gate * d, blocks)
    return record(sum, [x, y, modulation]) { [device] gradient in
      let dModulation = Tensor(zeros: modulation.shape)
      let dy = device.gatedAddBackward(
        y.value, gate: modulation.value.pointer + gate * d, blocks, dy: gradient, dGate: dModulation.pointer + gate * d)
      return [gradient, dy, dModulation]
    }
  }

  /// Group norm of each frame (`model.md` section 2), then SiLU if asked: x [B, F, H, W, C], eps 1e-6.
  package func groupNorm(
    _ x: Variable, weight: Parameter, bias: Parameter, groups: Int, silu: Bool
  ) -> Variable {
    let (w, b) = (read(weight), read(bias))
    let (y, moments) = device.groupNorm(x.value, weight: w.value, bias: b.value, groups: groups, silu: silu)
    return record(y, [x, w, b]) { [device] dy in
      let gradient = device.groupNormBackward(
        x.value, weight: w.value, bias: b.value, groups: groups, silu: silu, moments: moments, dy: dy)
      return [gradient.x, gradient.weight, gradient.bias]
    }
  }
}
