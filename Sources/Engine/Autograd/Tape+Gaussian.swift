import Glibc
import Tensors

/// What a variational encoder gives: x [..., 2c], the mean, then the log variance, clamped to [−30, 20] (`model.md`
/// section 2). Beyond the clamp the variance has no gradient.
extension Tape {
  /// mean + exp(log variance/2) ⊙ noise, [..., c].
  package func posteriorSample(_ moments: Variable, noise: Tensor) -> Variable {
    let posterior = Posterior(moments.value)
    precondition(noise.count == posterior.count, "noise of \(noise.shape) for moments of \(moments.shape)")
    let sample = Tensor(uninitialized: moments.shape.dropLast() + [posterior.channels])
    for index in 0..<posterior.count {
      sample.pointer[index] = posterior.mean(index) + exp(posterior.logVariance(index) / 2) * noise.pointer[index]
    }
    return record(sample, [moments]) { gradient in
      [
        posterior.gradient { index in
          let deviation = exp(posterior.logVariance(index) / 2)
          return (gradient.pointer[index], gradient.pointer[index] * noise.pointer[index] * deviation / 2)
        }
      ]
    }
  }

  /// The mean over elements of ½(μ² + σ² − 1 − ln σ²): how far the posterior is from a standard normal (`model.md`
  /// section 9).
  package func klDivergence(_ moments: Variable) -> Variable {
    let posterior = Posterior(moments.value)
    var sum = 0.0
    for index in 0..<posterior.count {
      let (mean, logVariance) = (Double(posterior.mean(index)), Double(posterior.logVariance(index)))
      sum += 0.5 * (mean * mean + exp(logVariance) - 1 - logVariance)
    }
    return record(Tensor(scalar: Float(sum / Double(posterior.count))), [moments]) { gradient in
      let factor = gradient.scalar / Float(posterior.count)
      return [
        posterior.gradient { index in
          (factor * posterior.mean(index), factor * (exp(posterior.logVariance(index)) - 1) / 2)
        }
      ]
    }
  }
}

/// The elements of [..., 2c] moments, counted through [..., c].
private struct Posterior {
  private let moments: Tensor
  let channels: Int

  init(_ moments: Tensor) {
    let last = moments.shape[moments.shape.count - 1]
    precondition(last.isMultiple(of: 2), "moments of \(last) channels are no means and log variances")
    self.moments = moments
    channels = last / 2
  }

  var count: Int { moments.count / 2 }

  private func place(_ index: Int) -> Int { index / channels * 2 * channels + index % channels }

  func mean(_ index: Int) -> Float { moments.pointer[place(index)] }

  func logVariance(_ index: Int) -> Float { min(max(moments.pointer[place(index) + channels], -30), 20) }

  /// The moments' gradient from that of each element's mean and log variance.
  func gradient(_ element: (Int) -> (mean: Float, logVariance: Float)) -> Tensor {
    let result = Tensor(uninitialized: moments.shape)
    for index in 0..<count {
      let slopes = element(index)
      let isClamped = logVariance(index) != moments.pointer[place(index) + channels]
      result.pointer[place(index)] = slopes.mean
      result.pointer[place(index) + channels] = isClamped ? 0 : slopes.logVariance
    }
    return result
  }
}
