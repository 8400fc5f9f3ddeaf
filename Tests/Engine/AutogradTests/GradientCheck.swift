import Autograd
import Kernels
import Tensors
import Testing

/// Fixed pseudo-random values in [−1, 1).
func randomTensor(_ shape: [Int], seed: UInt64) -> Tensor {
  var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678
  let count = shape.reduce(1, *)
  return Tensor(
    (0..<count).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Float(Int64(bitPattern: state) >> 40) / Float(1 << 23)
    }, shape: shape)
}

/// The operands of an operation under test: activations are leaves, weights parameters.
struct Operands {
  var leaves: [Tensor] = []
  var parameters: [Parameter] = []
}

/// Compares reverse-mode gradients with central differences along random directions.
///
/// The loss is the mean squared error between the operation's result and fixed random values. A float32 loss near 1
/// carries about 1e-7 of noise, so a difference over 2·0.01 carries about 1e-5; its own curvature error is of the
/// order of 1e-4. Gradients here are of the order of 0.01 to 1 of the direction's length, hence 2 % of the largest
/// possible slope, plus 1e-4.
func checkGradients(
  _ operands: Operands, kernels: String? = nil, _ operation: (Tape, [Variable], [Parameter]) -> Variable,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let device = try kernels.map { try ComputeDevice(threadCount: 2, kernels: $0) } ?? ComputeDevice(threadCount: 2)
  func loss(_ tape: Tape, _ leaves: [Variable]) -> Variable {
    let y = operation(tape, leaves, operands.parameters)
    return tape.meanSquaredError(y, randomTensor(y.shape, seed: 99), blockWeights: nil)
  }
  func value(_ leaves: [Tensor]) -> Float {
    let tape = Tape(device: device, recording: false)
    return loss(tape, leaves.map(tape.constant)).value.scalar
  }
  let tape = Tape(device: device, recording: true)
  let leaves = operands.leaves.map(tape.leaf)
  tape.backward(from: loss(tape, leaves))

  func compare(_ gradient: Tensor?, name: String, at shift: (Tensor, Float) -> Float, shape: [Int]) throws {
    let gradient = try #require(gradient, "\(name) has no gradient", sourceLocation: sourceLocation)
    #expect(gradient.shape == shape, sourceLocation: sourceLocation)
    let norm = gradient.array.reduce(0) { $0 + $1 * $1 }.squareRoot()
    for seed in 1...3 {
      let direction = randomTensor(shape, seed: UInt64(seed))
      let slope = zip(gradient.array, direction.array).reduce(0) { $0 + $1.0 * $1.1 }
      let length = direction.array.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let step = 0.02 / max(length, 1)
      let difference = (shift(direction, step) - shift(direction, -step)) / (2 * step)
      #expect(
        abs(difference - slope) <= 0.02 * norm * length / Float(shape.reduce(1, *)).squareRoot() + 2e-4 * length,
        "\(name): slope \(slope), difference \(difference)", sourceLocation: sourceLocation)
    }
  }
  func moved(_ x: Tensor, _ direction: Tensor, _ step: Float) -> Tensor {
    Tensor(zip(x.array, direction.array).map { $0 + step * $1 }, shape: x.shape)
  }
  for index in leaves.indices {
    try compare(
      tape.gradient(of: leaves[index]), name: "operand \(index)",
      at: { direction, step in
        var shifted = operands.leaves
        shifted[index] = moved(shifted[index], direction, step)
        return value(shifted)
      }, shape: operands.leaves[index].shape)
  }
  for parameter in operands.parameters {
    let original = parameter.value
    try compare(
      tape.gradient(of: parameter), name: parameter.name,
      at: { direction, step in
        parameter.value = moved(original, direction, step)
        defer { parameter.value = original }
        return value(operands.leaves)
      }, shape: original.shape)
  }
}
