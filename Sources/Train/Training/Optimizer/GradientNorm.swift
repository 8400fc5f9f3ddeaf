import Tensors

/// The length of all gradients taken as one vector, for clipping (added up in a fixed order, in double).
func gradientNorm(_ gradients: [Tensor?]) -> Double {
  var total = 0.0
  for gradient in gradients {
    guard let gradient else { continue }
    let values = gradient.values
    var sums = SIMD8<Double>.zero
    let whole = values.count & ~7
    for start in stride(from: 0, to: whole, by: 8) {
      var part = SIMD8<Float>()
      for lane in 0..<8 { part[lane] = values[start + lane] }
      let wide = SIMD8<Double>(part)
      sums += wide * wide
    }
    for index in whole..<values.count { sums[0] += Double(values[index]) * Double(values[index]) }
    total += sums.sum()
    withExtendedLifetime(gradient) {}
  }
  return total.squareRoot()
}
