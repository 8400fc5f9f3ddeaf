import CKernels
import Tensors

/// Loops over all elements, in ranges that the threads share.
extension ComputeDevice {
  private static let elementGrain = 32_768

  package func add(_ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(a.count == b.count, "add \(a.shape) and \(b.shape)")
    let y = Tensor(uninitialized: a.shape)
    parallelRanges(a.count, grain: Self.elementGrain) { range in
      let start = range.lowerBound
      kernels.pointee.add(a.pointer + start, b.pointer + start, y.pointer + start, Int64(range.count))
    }
    return y
  }

  package func multiply(_ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(a.count == b.count, "multiply \(a.shape) and \(b.shape)")
    let y = Tensor(uninitialized: a.shape)
    parallelRanges(a.count, grain: Self.elementGrain) { range in
      let start = range.lowerBound
      kernels.pointee.multiply(a.pointer + start, b.pointer + start, y.pointer + start, Int64(range.count))
    }
    return y
  }

  package func scale(_ x: Tensor, by factor: Float) -> Tensor {
    let y = Tensor(uninitialized: x.shape)
    parallelRanges(x.count, grain: Self.elementGrain) { range in
      kernels.pointee.scale(x.pointer + range.lowerBound, factor, y.pointer + range.lowerBound, Int64(range.count))
    }
    return y
  }

  /// y += factor·x, for the sole holder of y.
  package func accumulate(_ x: Tensor, times factor: Float, into y: Tensor) {
    precondition(x.count == y.count, "accumulate \(x.shape) into \(y.shape)")
    parallelRanges(x.count, grain: Self.elementGrain) { range in
      kernels.pointee.accumulate(
        x.pointer + range.lowerBound, factor, y.pointer + range.lowerBound, Int64(range.count))
    }
  }

  package func silu(_ x: Tensor) -> Tensor {
    let y = Tensor(uninitialized: x.shape)
    parallelRanges(x.count, grain: Self.elementGrain) { range in
      kernels.pointee.silu(x.pointer + range.lowerBound, y.pointer + range.lowerBound, Int64(range.count))
    }
    return y
  }

  package func siluBackward(_ x: Tensor, _ dy: Tensor) -> Tensor {
    let dx = Tensor(uninitialized: x.shape)
    parallelRanges(x.count, grain: Self.elementGrain) { range in
      let start = range.lowerBound
      kernels.pointee.siluBackward(x.pointer + start, dy.pointer + start, dx.pointer + start, Int64(range.count))
    }
    return dx
  }

  /// The tanh form (`model.md` section 0).
  package func gelu(_ x: Tensor) -> Tensor {
    let y = Tensor(uninitialized: x.shape)
    parallelRanges(x.count, grain: Self.elementGrain) { range in
      kernels.pointee.gelu(x.pointer + range.lowerBound, y.pointer + range.lowerBound, Int64(range.count))
    }
    return y
  }

  package func geluBackward(_ x: Tensor, _ dy: Tensor) -> Tensor {
    let dx = Tensor(uninitialized: x.shape)
    parallelRanges(x.count, grain: Self.elementGrain) { range in
      let start = range.lowerBound
      kernels.pointee.geluBackward(x.pointer + start, dy.pointer + start, dx.pointer + start, Int64(range.count))
    }
    return dx
  }
}

/// Sums, losses and the optimiser's loops.
extension ComputeDevice {
  /// Σ (a − b)² over `count` elements.
  package func squaredError(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Double {
    kernels.pointee.squaredError(a, b, Int64(count))
  }

  /// Σ |a − b| over `count` elements.
  package func absoluteError(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Double {
    kernels.pointee.absoluteError(a, b, Int64(count))
  }

  /// −log softmax(logits)[label] of each row, summed, and softmax − onehot of each row.
  package func crossEntropy(_ logits: Tensor, labels: [Int]) -> (sum: Float, gradient: Tensor) {
    let classes = logits.shape[1]
    let gradient = Tensor(uninitialized: logits.shape)
    var sum: Float = 0
    for (row, label) in labels.enumerated() {
      precondition(label >= 0 && label < classes, "label \(label) of \(classes) classes")
      sum += kernels.pointee.crossEntropy(
        logits.pointer + row * classes, Int64(classes), Int64(label), gradient.pointer + row * classes)
    }
    return (sum, gradient)
  }

  /// One step of AdamW (Loshchilov & Hutter, decoupled decay); `parameter` and the moments change in place, so the
  /// caller must be their sole holder.
  ///
  /// - Parameters:
  ///   - correction1: 1 − β₁ᵗ at step t (from 1); `correction2`: 1 − β₂ᵗ.
  ///   - gradientScale: multiplies the gradient first (clipping).
  package func adamW(
    parameter: Tensor, gradient: Tensor, first: Tensor, second: Tensor, rate: Float, beta1: Float, beta2: Float,
    epsilon: Float, decay: Float, correction1: Float, correction2: Float, gradientScale: Float
  ) {
    precondition(parameter.count == gradient.count, "AdamW: gradient \(gradient.shape) of \(parameter.shape)")
    parallelRanges(parameter.count, grain: Self.elementGrain) { range in
      let start = range.lowerBound
      kernels.pointee.adamW(
        parameter.pointer + start, gradient.pointer + start, first.pointer + start, second.pointer + start,
        Int64(range.count), rate, beta1, beta2, epsilon, decay, correction1, correction2, gradientScale)
    }
  }

  /// average += (1 − decay)·(x − average), in place.
  package func movingAverage(_ average: Tensor, of x: Tensor, decay: Float) {
    parallelRanges(x.count, grain: Self.elementGrain) { range in
      kernels.pointee.movingAverage(
        average.pointer + range.lowerBound, x.pointer + range.lowerBound, decay, Int64(range.count))
    }
  }
}
