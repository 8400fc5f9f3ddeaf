import Tensors

/// Scalars of shape [] to differentiate.
extension Tape {
  /// Σ w·(a − b)² / Σ w over elements, with one weight for each block of a.count / weights.count elements (nil: all 1).
  package func meanSquaredError(_ a: Variable, _ b: Tensor, blockWeights: [Float]?) -> Variable {
    precondition(a.value.count == b.count, "compare \(a.shape) with \(b.shape)")
    let weights = blockWeights ?? [1]
    precondition(!weights.isEmpty && b.count % weights.count == 0, "\(weights.count) blocks of \(b.count) elements")
    let size = b.count / weights.count
    let total = weights.reduce(0) { $0 + Double($1) } * Double(size)
    var sum = 0.0
    for (block, weight) in weights.enumerated() where weight != 0 {
      let start = block * size
      sum += Double(weight) * device.squaredError(a.value.pointer + start, b.pointer + start, count: size)
    }
    return record(Tensor(scalar: Float(sum / total)), [a]) { [device] gradient in
      let factor = Float(2 * Double(gradient.scalar) / total)
      let dx = Tensor(uninitialized: a.shape)
      device.parallel(weights.count) { block, _ in
        for index in block * size..<(block + 1) * size {
          dx.pointer[index] = factor * weights[block] * (a.value.pointer[index] - b.pointer[index])
        }
      }
      return [dx]
    }
  }

  /// Mean |a − b|; its slope at 0 is 0.
  package func meanAbsoluteError(_ a: Variable, _ b: Tensor) -> Variable {
    precondition(a.value.count == b.count, "compare \(a.shape) with \(b.shape)")
    let sum = device.absoluteError(a.value.pointer, b.pointer, count: b.count)
    return record(Tensor(scalar: Float(sum / Double(b.count))), [a]) { gradient in
      let factor = gradient.scalar / Float(b.count)
      let dx = Tensor(uninitialized: a.shape)
      for index in 0..<b.count {
        let difference = a.value.pointer[index] - b.pointer[index]
        dx.pointer[index] = difference > 0 ? factor : difference < 0 ? -factor : 0
      }
      return [dx]
    }
  }

  /// The mean of all elements.
  package func mean(_ x: Variable) -> Variable {
    var sum = 0.0
    for value in x.value.values { sum += Double(value) }
    let count = x.value.count
    return record(withExtendedLifetime(x.value) { Tensor(scalar: Float(sum / Double(count))) }, [x]) {
      [Tensor(repeating: $0.scalar / Float(count), shape: x.shape)]
    }
  }

  /// The mean of max(0, 1 − sign·x), sign 1 or −1: the hinge loss of scores that are to be above 1, or below −1.
  package func meanHinge(_ x: Variable, sign: Float) -> Variable {
    mean(leakyReLU(add(scale(x, by: -sign), constant(Tensor(repeating: 1, shape: x.shape))), slope: 0))
  }

  /// Mean over rows of −log softmax(logits [n, k])[labels[i]].
  package func crossEntropy(_ logits: Variable, labels: [Int]) -> Variable {
    precondition(logits.shape[0] == labels.count, "\(labels.count) labels for \(logits.shape)")
    let (sum, gradient) = device.crossEntropy(logits.value, labels: labels)
    let mean = Tensor(scalar: sum / Float(labels.count))
    return record(mean, [logits]) { [device] in
      [device.scale(gradient, by: $0.scalar / Float(labels.count))]
    }
  }
}
