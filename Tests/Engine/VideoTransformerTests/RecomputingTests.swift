import Autograd
import Kernels
import Tensors
import Testing
import VideoTransformer

@Suite("Layers computed again in the backward pass")
struct RecomputingTests {
  /// A small model of text whose weights are all different from zero.
  private func model() -> VideoTransformer {
    let model = VideoTransformer(
      configuration: TransformerConfiguration(
        frames: 3, size: .init(4, 4), channels: 2, patch: 1, layers: 2, hidden: 16, heads: 2,
        spatialWindow: .init(2, 2), spatiotemporalWindow: .init(4, 2), textWidth: 6),
      seed: 3)
    for (index, parameter) in model.parameters.enumerated() {
      let noise = NoiseStream(seed: 9, purpose: .training(0), chunk: UInt32(index)).normals(shape: parameter.shape)
      parameter.mutate { value in
        for element in 0..<value.count { value.pointer[element] += 0.1 * noise.pointer[element] }
      }
    }
    return model
  }

  private func gradients(recomputing: Bool) -> [String: [Float]?] {
    let model = model()
    model.recomputesLayers = recomputing
    let noise = NoiseStream(seed: 5, purpose: .training(1))
    let latents = noise.normals(shape: [2, 3, 4, 4, 2])
    let input = DenoiserInput(
      latents: latents,
      conditionOfItem: [DenoiserCondition(timestep: 10, text: 0), DenoiserCondition(timestep: 700)])
    let tape = Tape(device: ComputeDevice(threadCount: 2), recording: true)
    let text = model.prepare(texts: noise.normals(shape: [5, 6]), ranges: [0..<5], on: tape)
    let loss = tape.meanSquaredError(model(input, text: text, on: tape), latents, blockWeights: nil)
    tape.backward(from: loss)
    return Dictionary(uniqueKeysWithValues: model.parameters.map { ($0.name, tape.gradient(of: $0)?.array) })
  }

  @Test("give every weight the gradient that it has when everything is kept, bit for bit")
  func sameGradients() {
    let (kept, again) = (gradients(recomputing: false), gradients(recomputing: true))
    #expect(kept.values.compactMap { $0 }.count > 20)
    for (name, gradient) in kept { #expect(gradient == again[name] ?? nil, "\(name)") }
  }
}
