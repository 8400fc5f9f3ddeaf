/// What lies around the input of a pooling, or of a convolution that is not causal, along every axis.
package enum WindowPadding: Sendable {
  /// Nothing: windows lie within the input.
  case none
  /// ⌈n/stride⌉ windows, the padding in halves, the larger one behind (TensorFlow's 'SAME').
  case same
  /// (kernel − 1)/2 on both sides (PyTorch's usual `padding`); windows begin within ⌊(n + 2·padding − kernel)/stride⌋.
  case half

  /// Padding in front, and the number of windows along an axis of `count`; none where the kernel is larger than what
  /// there is.
  func windows(of count: Int, kernel: Int, stride: Int) -> (before: Int, output: Int) {
    func whole(in count: Int) -> Int { count < kernel ? 0 : (count - kernel) / stride + 1 }
    switch self {
    case .none: return (0, whole(in: count))
    case .same:
      let output = (count + stride - 1) / stride
      return (max(0, (output - 1) * stride + kernel - count) / 2, output)
    case .half:
      let before = (kernel - 1) / 2
      return (before, whole(in: count + 2 * before))
    }
  }
}

extension CausalConvolution.Axis {
  init(_ count: Int, kernel: Int, stride: Int, padding: WindowPadding) {
    let (before, output) = padding.windows(of: count, kernel: kernel, stride: stride)
    precondition(output >= 1, "no window of \(kernel) in \(count)")
    self.init(kernel: kernel, stride: stride, input: count, before: before, output: output)
  }

  /// The positions of the input that window `index` covers.
  func covered(_ index: Int) -> Range<Int> {
    let start = index * stride - before
    return max(0, start)..<min(input, start + kernel)
  }
}
