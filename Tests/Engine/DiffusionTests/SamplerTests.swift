import Tensors
import Testing

@testable import Diffusion

@Suite struct SamplerTests {
  private let schedule = NoiseSchedule()
  private let key = NoiseKey(seed: 42, stage: 0)

  @Test("velocity turns clean and noise into each other and back")
  func rotation() {
    let clean = key.normals(.initialNoise, shape: [40])
    let epsilon = key.normals(.augmentation, shape: [40])
    let velocity = Velocity(gamma: schedule.gamma(499))
    let x = velocity.noisy(clean: clean, epsilon: epsilon)
    let v = velocity.target(clean: clean, epsilon: epsilon)
    // Three roundings of values below 4: 4 ulp of 4.
    expectClose(velocity.clean(x: x, velocity: v), clean, within: 2e-6)
    expectClose(velocity.epsilon(x: x, velocity: v), epsilon, within: 2e-6)
  }

  @Test("a network that always knows the clean latent leads there, with or without fresh noise", arguments: [0.0, 0.7])
  func perfectPrediction(eta: Double) {
    let clean = key.normals(.augmentation, shape: [1, 2, 2, 4])
    let sampler = Sampler(schedule: schedule, stepCount: 10, eta: eta)
    var state = SamplerState(noise: key.normals(.initialNoise, shape: clean.shape))
    while !sampler.isFinished(state) {
      let gamma = schedule.gamma(sampler.timesteps[state.step])
      state = sampler.advance(state, velocity: velocity(from: state.x, to: clean, gamma: gamma), noise: key)
    }
    // 1/√(1−γ) is at most 13 on the way: 13 roundings of values below 4.
    expectClose(state.x, clean, within: 1e-5)
  }

  @Test("the last step returns its estimate of the clean latent")
  func lastStep() {
    let sampler = Sampler(schedule: schedule, stepCount: 1, eta: 1)
    let state = SamplerState(noise: key.normals(.initialNoise, shape: [8]))
    let done = sampler.advance(state, velocity: key.normals(.augmentation, shape: [8]), noise: key)
    #expect(done.x.array == done.clean.array)
  }

  @Test("guidance of 1 is the conditional prediction, 0 the unconditional, 3 goes beyond")
  func guidance() {
    let with = Tensor([1, 2], shape: [2])
    let without = Tensor([0, 4], shape: [2])
    let guided = { Guidance.combine(conditional: with, unconditional: without, scale: $0).array }
    #expect(guided(1) == [1, 2])
    #expect(guided(0) == [0, 4])
    #expect(guided(3) == [3, -2])
  }

  @Test("power-cosine guidance rises from 1 at pure noise to its scale at the clean end, late")
  func powerCosine() {
    let guidance = Guidance.powerCosine(7.5)
    #expect(guidance.scale(time: 1) == 1)
    #expect(abs(guidance.scale(time: 0) - 7.5) < 1e-12)
    // (1 − ½)⁴ = 1/16, and 1 + 6.5·(1 − cos(π/16))/2.
    #expect(abs(guidance.scale(time: 0.5) - 1.062447838690) < 1e-9)
    let sampler = Sampler(schedule: schedule, stepCount: 50, guidance: guidance)
    let scales = (0..<50).map(sampler.guidanceScale)
    // The first of the trailing timesteps is 999, pure noise.
    #expect(scales[0] == 1)
    #expect(zip(scales, scales.dropFirst()).allSatisfy { $0 < $1 })
    #expect(scales[49] > 7 && scales[49] < 7.5)
  }

  @Test("noise is the same whatever shape it is asked for in, and differs by every part of the key")
  func noise() {
    let flat = key.normals(.initialNoise, shape: [16])
    #expect(key.normals(.initialNoise, shape: [2, 2, 4]).array == flat.array)
    let others = [
      NoiseKey(seed: 43, stage: 0), NoiseKey(seed: 42, stage: 1), NoiseKey(seed: 42, stage: 0, chunk: 1),
      NoiseKey(seed: 42, stage: 0, item: 1),
    ]
    #expect(others.allSatisfy { $0.normals(.initialNoise, shape: [16]).array != flat.array })
    #expect(key.normals(.samplerStep(3), shape: [16]).array != flat.array)
  }

  /// The v under which x̂0 is `clean`: (√γ·x − x0)/√(1−γ).
  private func velocity(from x: Tensor, to clean: Tensor, gamma: Double) -> Tensor {
    let values = zip(x.array, clean.array).map { x, clean in
      Float((gamma.squareRoot() * Double(x) - Double(clean)) / (1 - gamma).squareRoot())
    }
    return Tensor(values, shape: x.shape)
  }

  private func expectClose(_ found: Tensor, _ expected: Tensor, within tolerance: Float) {
    let largest = zip(found.array, expected.array).map { abs($0 - $1) }.max() ?? 0
    #expect(largest <= tolerance, "largest difference \(largest)")
  }
}
