import Autograd
import Kernels
import Tensors
import Testing

@testable import Training

struct MuonTests {
  private let device = ComputeDevice(threadCount: 2)

  /// What five Newton–Schulz steps make of a singular value.
  private func improved(_ value: Double) -> Double {
    var x = value
    for _ in 0..<5 { x = 3.4445 * x - 4.7750 * x * x * x + 2.0315 * x * x * x * x * x }
    return x
  }

  /// 8 × 12: the first singular vectors are (e_i + e_{i+1})/√2 pairs, so that the polar factor is known.
  private func matrix(_ singular: [Double], _ shape: [Int]) -> Tensor {
    let columns = shape[1]
    var values = [Float](repeating: 0, count: shape[0] * columns)
    let half = 0.5.squareRoot()
    for pair in 0..<4 {
      let (a, b) = (singular[2 * pair], singular[2 * pair + 1])
      // Rows rotated by 45° against the columns.
      values[2 * pair * columns + 2 * pair] = Float(half * a)
      values[2 * pair * columns + 2 * pair + 1] = Float(-half * b)
      values[(2 * pair + 1) * columns + 2 * pair] = Float(half * a)
      values[(2 * pair + 1) * columns + 2 * pair + 1] = Float(half * b)
    }
    return Tensor(values, shape: shape)
  }

  private let singular = [3, 0.1, 1, 0.7, 0.02, 2, 0.4, 1.5]

  private func direction(_ scale: Double = 1) -> [Double] {
    let norm = singular.map { $0 * $0 }.reduce(0, +).squareRoot()
    return singular.map { scale * improved($0 / norm) }
  }

  @Test(
    "an update keeps the gradient's singular vectors and lifts its singular values", arguments: [[8, 12], [12, 8]])
  func orthogonal(shape: [Int]) {
    let result = OrthogonalFactor.of(
      matrix(singular, shape), rows: shape[0], columns: shape[1], on: device)
    #expect(result.shape == shape)
    for (value, expected) in zip(result.array, matrix(direction(), shape).array) {
      #expect(abs(value - expected) < 1e-5)
    }
    #expect(direction().allSatisfy { 0.2...1.3 ~= $0 })
  }

  @Test("Muon follows its formula step by step")
  func followsTheFormula() {
    let weight = Parameter(name: "fc.weight", value: Tensor([Float](repeating: 0.5, count: 96), shape: [8, 12]))
    let muon = Muon([weight])
    for _ in 0..<2 { muon.update(gradients: [matrix(singular, [8, 12])], rate: 0.1, on: device) }
    // The same gradient twice: only its length changes, and that does not count.
    let length = 0.2 * 12.0.squareRoot()
    let step = matrix(direction(0.1 * length), [8, 12]).array
    for (value, step) in zip(weight.value.array, step) {
      let once = 0.5 * 0.999 - step
      #expect(abs(value - (once * 0.999 - step)) < 1e-5)
    }
  }

  @Test("a gradient of zeros and a missing one change nothing but by decay")
  func nothingToFollow() {
    let weight = Parameter(name: "fc.weight", value: Tensor([Float](repeating: 0.5, count: 96), shape: [8, 12]))
    let muon = Muon([weight])
    muon.update(gradients: [nil], rate: 0.1, on: device)
    #expect(weight.value.array.allSatisfy { $0 == 0.5 })
    muon.update(gradients: [Tensor(zeros: [8, 12])], rate: 0.1, on: device)
    #expect(weight.value.array.allSatisfy { abs($0 - 0.4995) < 1e-6 })
  }

  @Test("Muon takes the matrices that multiply activations, AdamW the rest")
  func shares() {
    func takes(_ name: String, _ shape: [Int]) -> Bool {
      Muon.takes(Parameter(name: name, value: Tensor(zeros: shape)))
    }
    #expect(takes("layers.0.mlp.fc1.weight", [32, 8]))
    #expect(takes("encoder.conv_in.weight", [16, 3, 3, 3, 3]))
    #expect(!takes("layers.0.mlp.fc1.bias", [32]))
    #expect(!takes("decoder.conv_out.weight", [3, 16, 3, 3, 3]))
    #expect(!takes("pos_space", [8, 8, 32]))
    #expect(!takes("class_emb", [64, 32]))
    #expect(!takes("shared.weight", [400, 32]))
  }
}
