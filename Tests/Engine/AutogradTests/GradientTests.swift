import Autograd
import Kernels
import Tensors
import Testing

/// Every operation's backward pass against finite differences.
@Suite("Gradients equal finite differences")
struct GradientTests {
  private func parameter(_ name: String, _ shape: [Int], seed: UInt64) -> Parameter {
    Parameter(name: name, value: randomTensor(shape, seed: seed))
  }

  @Test("of sums, products, scaling and reshaping")
  func arithmetic() throws {
    let x = [randomTensor([3, 5], seed: 1), randomTensor([3, 5], seed: 2)]
    try checkGradients(Operands(leaves: x)) { tape, x, _ in
      tape.reshape(tape.scale(tape.multiply(tape.add(x[0], x[1]), x[1]), by: 0.7), to: [5, 3])
    }
  }

  @Test("of SiLU and GELU", arguments: ["x86-64-v2", "x86-64-v3"])
  func activations(kernels: String) throws {
    let x = [randomTensor([4, 9], seed: 3).map { $0 * 3 }]
    try checkGradients(Operands(leaves: x)) { tape, x, _ in tape.gelu(tape.silu(x[0])) }
  }

  @Test("of rows gathered, joined and averaged")
  func rows() throws {
    let x = [randomTensor([4, 3], seed: 4), randomTensor([2, 3], seed: 5)]
    try checkGradients(Operands(leaves: x)) { tape, x, _ in
      let joined = tape.concatenateRows([tape.gatherRows(x[0], [2, 0, 2]), x[1]])
      let wide = tape.concatenateChannels([joined, tape.silu(joined)])
      return tape.meanOfRows(wide, ranges: [0..<2, 1..<5])
    }
  }

  @Test("of a linear layer with more rows than a block")
  func linear() throws {
    let operands = Operands(
      leaves: [randomTensor([300, 7], seed: 6)],
      parameters: [parameter("weight", [37, 7], seed: 7), parameter("bias", [37], seed: 8)])
    try checkGradients(operands) { tape, x, p in tape.linear(x[0], weight: p[0], bias: p[1]) }
  }

  @Test("of a weight that is used twice")
  func sharedWeight() throws {
    let operands = Operands(
      leaves: [randomTensor([5, 6], seed: 6)], parameters: [parameter("weight", [6, 6], seed: 7)])
    try checkGradients(operands) { tape, x, p in
      tape.linear(tape.silu(tape.linear(x[0], weight: p[0], bias: nil)), weight: p[0], bias: nil)
    }
  }

  @Test("of layer norm and T5's norm")
  func norms() throws {
    let operands = Operands(
      leaves: [randomTensor([70, 12], seed: 9)],
      parameters: [
        parameter("weight", [12], seed: 10), parameter("bias", [12], seed: 11), parameter("rms", [12], seed: 12),
      ])
    try checkGradients(operands) { tape, x, p in
      tape.rmsNorm(tape.layerNorm(x[0], weight: p[0], bias: p[1]), weight: p[2])
    }
  }

  @Test("of modulated layer norm and gated residuals, conditions shared by blocks")
  func modulation() throws {
    let operands = Operands(
      leaves: [randomTensor([12, 8], seed: 13), randomTensor([12, 8], seed: 14), randomTensor([2, 24], seed: 15)])
    try checkGradients(operands) { tape, x, _ in
      let h = tape.modulatedLayerNorm(x[0], modulation: x[2], scale: 0, shift: 2, conditionOfBlock: [0, 1, 0])
      return tape.gatedResidual(h, x[1], modulation: x[2], gate: 1, conditionOfBlock: [0, 1, 0])
    }
  }

  @Test("of group norm with and without SiLU", arguments: [true, false])
  func groupNorm(silu: Bool) throws {
    let operands = Operands(
      leaves: [randomTensor([2, 2, 3, 3, 8], seed: 16)],
      parameters: [parameter("weight", [8], seed: 17), parameter("bias", [8], seed: 18)])
    try checkGradients(operands) { tape, x, p in
      tape.groupNorm(x[0], weight: p[0], bias: p[1], groups: 4, silu: silu)
    }
  }

  @Test("of causal convolutions of every stride, kernel and past", arguments: [true, false])
  func convolution(zeroPast: Bool) throws {
    let past: ConvolutionPast = zeroPast ? .zeros : .firstFrame
    let cases: [(kernel: [Int], stride: (t: Int, h: Int, w: Int))] = [
      ([3, 3, 3], (1, 1, 1)), ([3, 3, 3], (2, 2, 2)), ([1, 3, 3], (1, 2, 2)), ([1, 1, 1], (1, 1, 1)),
    ]
    for (kernel, stride) in cases {
      let operands = Operands(
        leaves: [randomTensor([2, 5, 4, 6, 3], seed: 19)],
        parameters: [parameter("weight", [5, 3] + kernel, seed: 20), parameter("bias", [5], seed: 21)])
      try checkGradients(operands) { tape, x, p in
        tape.conv3d(x[0], weight: p[0], bias: p[1], stride: stride, past: past)
      }
    }
  }

  @Test("of leaky ReLU, halving by maxima and channels of unit length")
  func perception() throws {
    // Far from where the slopes jump: no two values of a block, and no value and 0, within a step of each other.
    let values = (0..<120).map { (index: Int) -> Float in Float(index * 37 % 120 - 60) / 40 + 0.0125 }
    let x = Tensor(values, shape: [1, 2, 5, 4, 3])
    try checkGradients(Operands(leaves: [x])) { tape, x, _ in
      tape.unitChannels(tape.halvingMaximum(tape.leakyReLU(x[0], slope: 0.2)), scales: [0.5, 1, 2])
    }
  }

  @Test("of means and hinges")
  func hinges() throws {
    let values = (0..<24).map { (index: Int) -> Float in Float(index * 7 % 24 - 12) / 5 + 0.1 }
    try checkGradients(Operands(leaves: [Tensor(values, shape: [4, 6])])) { tape, x, _ in
      let hinges = tape.add(tape.meanHinge(x[0], sign: 1), tape.meanHinge(x[0], sign: -1))
      return tape.add(hinges, tape.mean(tape.silu(x[0])))
    }
  }

  @Test("of a posterior's samples and its divergence")
  func posterior() throws {
    let moments = [randomTensor([2, 3, 8], seed: 31).map { 2 * $0 }]
    let noise = randomTensor([2, 3, 4], seed: 32).map { 2 * $0 }
    try checkGradients(Operands(leaves: moments)) { tape, x, _ in tape.posteriorSample(x[0], noise: noise) }
    try checkGradients(Operands(leaves: moments)) { tape, x, _ in tape.klDivergence(x[0]) }
  }

  @Test("of a posterior end where the log variance is clamped, at −30 and 20")
  func posteriorClamp() throws {
    let tape = Tape(device: ComputeDevice(threadCount: 1), recording: true)
    let moments = tape.leaf(Tensor([1, 2, -31, 21], shape: [1, 4]))
    let sample = tape.posteriorSample(moments, noise: Tensor([1, 1], shape: [1, 2]))
    #expect(abs(sample.value.array[0] - 1) < 1e-6)
    #expect(abs(sample.value.array[1] / (2 + 22026.4658) - 1) < 1e-6)
    tape.backward(from: tape.mean(sample))
    #expect(tape.gradient(of: moments)?.array == [0.5, 0.5, 0, 0])
  }

  @Test("the divergence of a standard normal is 0, and of others that of the formula")
  func divergence() {
    let tape = Tape(device: ComputeDevice(threadCount: 1), recording: false)
    func divergence(_ values: [Float]) -> Float {
      tape.klDivergence(tape.constant(Tensor(values, shape: [1, values.count]))).value.scalar
    }
    #expect(divergence([0, 0, 0, 0]) == 0)
    // ½(μ² + σ² − 1 − ln σ²) of (1, σ² = e) and (0, 1), on average.
    #expect(abs(divergence([1, 0, 1, 0]) - (1 + 2.7182817 - 1 - 1) / 4) < 1e-6)
  }

  @Test("of depth-to-space and patches")
  func layouts() throws {
    let operands = Operands(leaves: [randomTensor([1, 2, 2, 2, 16], seed: 22)])
    try checkGradients(operands) { tape, x, _ in
      let open = tape.depthToSpace(x[0], block: (2, 2, 2), droppingFirst: 1)
      let tokens = tape.silu(tape.patchify(open, patch: 2))
      return tape.unpatchify(tokens, patch: 2, shape: open.shape)
    }
  }

  @Test("of positions")
  func positions() throws {
    let operands = Operands(
      leaves: [randomTensor([12, 4], seed: 23)],
      parameters: [parameter("space", [2, 2, 4], seed: 24), parameter("time", [2, 4], seed: 25)])
    try checkGradients(operands) { tape, x, p in
      tape.addPositions(x[0], space: p[0], time: p[1], timeOfFrame: [0, 1, 0])
    }
  }

  @Test("of self-attention with relative positions and single tokens")
  func selfAttention() throws {
    let operands = Operands(
      leaves: [randomTensor([10, 24], seed: 26)],
      parameters: [
        parameter("q", [4], seed: 27), parameter("k", [4], seed: 28), parameter("table", [1, 3, 3, 2], seed: 29),
      ])
    try checkGradients(operands) { tape, x, p in
      tape.selfAttention(
        qkv: x[0], heads: 2, queryScale: p[0], keyScale: p[1],
        bias: RelativePositionBias(table: p[2], window: (1, 2, 2)),
        windows: AttentionWindows([[0, 1, 2, 3], [4], [5, 7, 6, 8], [9]]))
    }
  }

  @Test("of cross-attention whose windows share text")
  func crossAttention() throws {
    let operands = Operands(
      leaves: [randomTensor([6, 8], seed: 30), randomTensor([6, 16], seed: 31), randomTensor([5, 16], seed: 32)],
      parameters: [parameter("q", [4], seed: 33), parameter("k", [4], seed: 34)])
    try checkGradients(operands) { tape, x, p in
      tape.crossAttention(
        query: x[0], keyValue: x[1], textKeyValue: x[2], heads: 2, queryScale: p[0], keyScale: p[1],
        windows: AttentionWindows([[0, 1], [2, 3], [4, 5]], text: [0..<3, 0..<3, 3..<5]))
    }
  }

  @Test("of T5's attention over sentences of different lengths")
  func textAttention() throws {
    let operands = Operands(
      leaves: [randomTensor([7, 8], seed: 35), randomTensor([7, 8], seed: 36), randomTensor([7, 8], seed: 37)],
      parameters: [parameter("table", [9, 2], seed: 38)])
    try checkGradients(operands) { tape, x, p in
      tape.textAttention(
        query: x[0], key: x[1], value: x[2], heads: 2, table: p[0], bucket: { $0 + 4 },
        windows: AttentionWindows([[0, 1, 2], [3, 4, 5, 6]]))
    }
  }

  @Test("of the losses")
  func losses() throws {
    let x = [randomTensor([4, 6], seed: 39)]
    let target = randomTensor([4, 6], seed: 40)
    try checkGradients(Operands(leaves: x)) { tape, x, _ in
      tape.add(
        tape.meanSquaredError(x[0], target, blockWeights: [1, 0, 2, 1]),
        tape.add(tape.meanAbsoluteError(x[0], target), tape.crossEntropy(x[0], labels: [0, 5, 2, 2])))
    }
  }

  @Test("A tape that does not record keeps no gradients, and a frozen parameter gets none")
  func nothingRecorded() throws {
    let device = ComputeDevice(threadCount: 1)
    let weight = parameter("weight", [3, 3], seed: 1)
    weight.isTrainable = false
    let tape = Tape(device: device, recording: true)
    let x = tape.leaf(randomTensor([2, 3], seed: 2))
    let y = tape.linear(x, weight: weight, bias: nil)
    tape.backward(from: tape.meanSquaredError(y, randomTensor([2, 3], seed: 3), blockWeights: nil))
    #expect(tape.gradient(of: weight) == nil)
    #expect(tape.gradient(of: x) != nil)
    let silent = Tape(device: device, recording: false)
    #expect(silent.gradient(of: silent.leaf(randomTensor([2], seed: 4))) == nil)
  }
}
