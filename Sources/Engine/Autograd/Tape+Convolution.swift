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
    let shape = weight.shape.count == 5 ? weight.shape : weight.shape[0..<2] + [1] + weight.shape[2...]
    let (w, b) = (read(weight), read(bias))
    let packed = weight.packed { device.packConvolution($0.reshaped(shape)) }
    let y = device.convolve(x.value, weightShape: shape, packed: packed, bias: b.value, stride: stride, past: past)
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

  /// DS(bt, bh, bw) of `model.md` section 0 on x [B, T, H, W, bt·bh·bw·C], then the first `droppingFirst` frames left
  /// out.
  package func depthToSpace(_ x: Variable, block: (t: Int, h: Int, w: Int), droppingFirst: Int) -> Variable {
    record(device.depthToSpace(x.value, block: block, droppingFirst: droppingFirst), [x]) { [device] in
      [device.spaceToDepth($0, inputShape: x.shape, block: block, droppingFirst: droppingFirst)]
    }
  }
}
