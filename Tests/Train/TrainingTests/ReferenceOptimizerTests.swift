import Autograd
import Kernels
import Tensors
import Testing

@testable import Training

/// Against what PyTorch's Adam and AdamW (2.13) and the transformers package's Adafactor (4.46) make of the same weights
/// and gradients in five steps of rate 0.01.
struct ReferenceOptimizerTests {
  private let device = ComputeDevice(threadCount: 1)
  private let matrix = Parameter(
    name: "w", value: Tensor([0.5, -2, 1e-3, 0.25, 1.5, 0.75, -0.5, 3, -1, 0.125, 2, -0.0625], shape: [3, 4]))
  private let vector = Parameter(name: "b", value: Tensor([0.5, -1, 2], shape: [3]))

  private func gradients(_ n: Int) -> [Tensor?] {
    let w: [Float] = (0..<12).map { (place: Int) -> Float in
      let number: Int = place / 4 * 7 + place % 4 * 3 + n * 5
      return Float(number % 11 - 5) / 4
    }
    let b: [Float] = (0..<3).map { (place: Int) -> Float in Float((place * 5 + n * 3) % 7 - 3) / 2 }
    return [Tensor(w, shape: [3, 4]), Tensor(b, shape: [3])]
  }

  private func expect(_ parameter: Parameter, _ expected: [Float], _ step: Int) {
    for (found, wanted) in zip(parameter.value.array, expected) {
      #expect(abs(found - wanted) < 1e-6, "step \(step) of \(parameter.name): \(found), expected \(wanted)")
    }
  }

  @Test("Adafactor with a given rate, decay 0.02, step by step")
  func adafactor() {
    var hyperparameters = Adafactor.Hyperparameters()
    hyperparameters.weightDecay = 0.02
    let optimizer = Adafactor([matrix, vector], hyperparameters: hyperparameters)
    for (step, expected) in Self.adafactor.enumerated() {
      optimizer.update(gradients: gradients(step), rate: 0.01, on: device)
      expect(matrix, expected, step)
    }
  }

  @Test("Adam is AdamW without decay", arguments: [false, true])
  func adam(decays: Bool) {
    var hyperparameters = AdamW.Hyperparameters()
    hyperparameters.weightDecay = decays ? 0.01 : 0
    let optimizer = AdamW([matrix, vector], hyperparameters: hyperparameters)
    for step in 0..<5 { optimizer.update(gradients: gradients(step), rate: 0.01, on: device) }
    expect(matrix, decays ? Self.adamW : Self.adam, 4)
  }

  private static let adafactor: [[Float]] = [
    [
      0.5139845, -1.9936913, -0.0021737, 0.2385077, 1.4935014, 0.7335973, -0.4894251, 2.9993999, -0.9935183, 0.1216808,
      1.9854461, -0.0497292,
    ],
    [
      0.5138817, -2.0022666, 0.0134776, 0.2446355, 1.5058935, 0.7363998, -0.4954996, 2.9835784, -1.003377, 0.1372385,
      1.9915711, -0.0529361,
    ],
    [
      0.4985677, -1.9925048, 0.0134749, 0.2356624, 1.5024338, 0.7232937, -0.4820605, 2.9860702, -0.9938357, 0.137211,
      1.9813105, -0.0377035,
    ],
    [
      0.5015608, -1.9982963, -0.0021193, 0.2449998, 1.5175467, 0.7293187, -0.4850721, 2.9730015, -0.9999473, 0.1213968,
      1.9904577, -0.037696,
    ],
    [
      0.4889458, -1.9850281, 0.0010568, 0.2386708, 1.5172431, 0.7195781, -0.4691898, 2.9786501, -0.9874346, 0.1245377,
      1.9838108, -0.0531351,
    ],
  ]
  private static let adam: [Float] = [
    0.5133909, -1.987015, -0.0001539, 0.2286705, 1.5043159, 0.718846, -0.4739344, 2.9782112, -0.987015, 0.1238461,
    1.9786705, -0.0339985,
  ]
  private static let adamW: [Float] = [
    0.5131351, -1.9860189, -0.000153, 0.2285514, 1.5035681, 0.7184783, -0.4736903, 2.9767153, -0.9865188, 0.123785,
    1.9776766, -0.0339747,
  ]
}
