import Autograd
import Kernels
import Tensors
import Testing

@testable import Training

struct AdamWTests {
  private let device = ComputeDevice(threadCount: 2)

  /// The update rule written out in double, for one weight.
  private func reference(_ start: Double, gradients: [Double], rate: Double, decay: Double) -> Double {
    var (w, m, v) = (start, 0.0, 0.0)
    var (power1, power2) = (1.0, 1.0)
    for gradient in gradients {
      m = 0.9 * m + 0.1 * gradient
      v = 0.99 * v + 0.01 * gradient * gradient
      power1 *= 0.9
      power2 *= 0.99
      w -= rate * (decay * w + m / (1 - power1) / ((v / (1 - power2)).squareRoot() + 1e-8))
    }
    return w
  }

  @Test("AdamW follows its formula step by step, decaying matrices only")
  func followsTheFormula() {
    let matrix = Parameter(name: "matrix", value: Tensor([0.5, -2, 1e-3], shape: [1, 3]))
    let vector = Parameter(name: "vector", value: Tensor([0.5], shape: [1]))
    let optimizer = AdamW([matrix, vector])
    let slopes: [[Float]] = [[0.3, -1, 2e-4], [-0.1, 4, 1e-4], [0.7, 0.2, 0], [0.2, -0.5, 3e-4]]
    for slope in slopes {
      optimizer.update(
        gradients: [Tensor(slope, shape: [1, 3]), Tensor([slope[0]], shape: [1])], rate: 0.01, on: device)
    }
    for (index, start) in [0.5, -2, 1e-3].enumerated() {
      let expected = reference(start, gradients: slopes.map { Double($0[index]) }, rate: 0.01, decay: 0.01)
      // Four updates of at most 0.01 each, every one rounded to float32 a few times.
      #expect(abs(Double(matrix.value.pointer[index]) - expected) < 2e-6)
    }
    let expected = reference(0.5, gradients: slopes.map { Double($0[0]) }, rate: 0.01, decay: 0)
    #expect(abs(Double(vector.value.scalar) - expected) < 2e-6)
  }

  @Test("a parameter without a gradient keeps its value")
  func keepsWhatHasNoGradient() {
    let parameter = Parameter(name: "w", value: Tensor([3, 4], shape: [2, 1]))
    AdamW([parameter]).update(gradients: [nil], rate: 0.1, on: device)
    #expect(parameter.value.array == [3, 4])
  }

  @Test("the average begins near the weights and ends at its own decay")
  func averageWarmsUp() {
    let parameter = Parameter(name: "w", value: Tensor([1], shape: [1]))
    let average = ExponentialMovingAverage([parameter], decay: 0.9)
    parameter.value = Tensor([2], shape: [1])
    average.update(updateCount: 1, on: device)
    // Decay (1 + 1)/(10 + 1).
    #expect(abs((average.tensors["w"]?.scalar ?? 0) - (1 + 9.0 / 11)) < 1e-6)
    average.withAverages { #expect(parameter.value.scalar < 2) }
    #expect(parameter.value.scalar == 2)
  }

  @Test("the learning rate warms up in a line and falls along a cosine")
  func cosineWithWarmUp() {
    let rate = LearningRate(peak: 1, shape: .cosine, warmUpSteps: 10, totalSteps: 110, final: 0.1)
    #expect(rate.rate(at: 0) == 0.1)
    #expect(rate.rate(at: 9) == 1)
    #expect(abs(rate.rate(at: 60) - 0.55) < 1e-6)
    #expect(abs(rate.rate(at: 110) - 0.1) < 1e-6)
  }

  @Test("the gradients' norm is that of one long vector")
  func normOfAll() {
    let many = Tensor((0..<19).map { Float($0) }, shape: [19])
    let expected = (Double((0..<19).map { $0 * $0 }.reduce(0, +)) + 25).squareRoot()
    #expect(abs(gradientNorm([many, nil, Tensor([3, 4], shape: [2])]) - expected) < 1e-12)
  }
}
