import Tensors

/// The plan of one sampling run: which timesteps are visited and how x moves between them.
package struct Sampler: Sendable {
  /// The timestep of each step, noisiest first.
  package let timesteps: [Int]
  package let guidance: Guidance
  private let timestepCount: Int
  private let steps: [DDIMStep]

  /// - Precondition: `stepCount` is in 1...schedule.timestepCount.
  package init(schedule: NoiseSchedule, stepCount: Int, eta: Double = 0, guidance: Guidance = .constant(1)) {
    let timesteps = schedule.trailingTimesteps(stepCount)
    self.timesteps = timesteps
    self.guidance = guidance
    timestepCount = schedule.timestepCount
    steps = timesteps.indices.map { step in
      let next = step + 1 < timesteps.count ? timesteps[step + 1] : -1
      return DDIMStep(schedule: schedule, from: timesteps[step], to: next, eta: eta)
    }
  }

  package var stepCount: Int { timesteps.count }

  /// The guidance scale of `step`, at the paper's t = (k + 1) / timesteps.
  package func guidanceScale(step: Int) -> Double {
    guidance.scale(time: Double(timesteps[step] + 1) / Double(timestepCount))
  }

  /// Whether `state` has been through every step.
  package func isFinished(_ state: SamplerState) -> Bool { state.step == stepCount }

  /// Moves `state` by one step along the guided velocity that was predicted for it.
  ///
  /// - Parameter noise: whose draws the step may need (η > 0).
  /// - Precondition: the state is not finished.
  package func advance(_ state: SamplerState, velocity: Tensor, noise: NoiseKey) -> SamplerState {
    precondition(!isFinished(state), "step \(state.step) of \(stepCount)")
    let step = steps[state.step]
    let fresh = step.sigma == 0 ? nil : noise.normals(.samplerStep(state.step), shape: state.x.shape)
    let moved = step.advance(x: state.x, velocity: velocity, freshNoise: fresh)
    return SamplerState(step: state.step + 1, x: moved.x, clean: moved.clean)
  }
}
