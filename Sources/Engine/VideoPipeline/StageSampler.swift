import Autograd
import Diffusion
import Kernels
import Tensors
import VideoTransformer

/// Samples the latents of one stage for several clips at once, one denoising step at a time.
///
/// The clips share every pass of the network and nothing else: each ends with the bits that it has alone, whatever its
/// batch mates, their steps or the number of threads. Conditional and unconditional predictions are items of one pass.
/// Not `Sendable`: used from one thread at a time.
package final class StageSampler {
  private let denoiser: VideoTransformer
  private let device: ComputeDevice
  private var clips: [BatchClip]
  private let text: PreparedText?
  private let dropsGivenFrames: Bool

  /// - Parameters:
  ///   - items: the clips, all with latents of one shape.
  ///   - states: where to go on from, nil to begin with noise.
  ///   - dropsGivenFrames: whether the unconditional branch does not see given frames either (`cfg_drop_fp`).
  /// - Throws: `PipelineError` if an item or state does not suit the model.
  package init(
    denoiser: VideoTransformer, schedule: NoiseSchedule, items: [StageItem], states: [SamplerState?]? = nil,
    dropsGivenFrames: Bool = true, on device: ComputeDevice
  ) throws {
    precondition(!items.isEmpty && (states ?? []).count <= items.count, "\(items.count) items to sample")
    self.denoiser = denoiser
    self.device = device
    self.dropsGivenFrames = dropsGivenFrames
    var texts = TextRows()
    clips = try items.enumerated().map { index, item in
      let shape = denoiser.configuration.latentShape(isImage: item.isImage)
      try item.check(against: denoiser.configuration, latentShape: shape)
      let sampler = Sampler(
        schedule: schedule, stepCount: item.sampling.stepCount, eta: item.sampling.eta, guidance: item.sampling.guidance
      )
      let state = states?[index] ?? SamplerState(noise: item.noise.normals(.initialNoise, shape: shape))
      try state.check(stepCount: sampler.stepCount, latentShape: shape)
      return BatchClip(
        item: item, sampler: sampler, lowResolution: item.augmentedLowResolution(schedule),
        text: texts.add(item.text), negativeText: texts.add(item.negativeText), state: state)
    }
    text = denoiser.prepare(
      texts: texts.joined, ranges: texts.ranges, on: Tape(device: device, recording: false))
  }

  /// Whether every clip is through or dropped.
  package var isFinished: Bool { !clips.contains(where: \.isRunning) }

  package func isFinished(_ index: Int) -> Bool { clips[index].sampler.isFinished(clips[index].state) }

  /// Where clip `index` stands: what to save to go on later.
  package func state(_ index: Int) -> SamplerState { clips[index].state }

  /// The guided velocity of the clip's last step; nil before the first.
  package func velocity(_ index: Int) -> Tensor? { clips[index].velocity }

  package var clipCount: Int { clips.count }

  package func stepCount(_ index: Int) -> Int { clips[index].sampler.stepCount }

  /// Leaves clip `index` where it is; the others go on.
  package func drop(_ index: Int) { clips[index].isDropped = true }

  /// The clip's latents [F, h, w, c], normalised, with given frames as they were given.
  ///
  /// - Precondition: the clip is finished.
  package func result(_ index: Int) -> Tensor {
    precondition(isFinished(index), "clip \(index) is at step \(clips[index].state.step)")
    let latents = clips[index].state.x
    guard let given = clips[index].item.givenFrames else { return latents }
    return Tensor.concatenating([given, latents.rows(given.shape[0]..<latents.shape[0])])
  }

  /// Moves every running clip by one step, in one pass of the network.
  ///
  /// - Precondition: not finished.
  package func step() {
    let running = clips.indices.filter { clips[$0].isRunning }
    precondition(!running.isEmpty, "a step of a sampler that is finished")
    let branches = running.flatMap { clips[$0].branches(of: $0) }
    let velocities = denoise(branches)
    var position = 0
    for index in running {
      var velocity = velocities[position]
      let scale = clips[index].guidanceScale
      position += 1
      if scale != 1 {
        velocity = Guidance.combine(conditional: velocity, unconditional: velocities[position], scale: scale)
        position += 1
      }
      clips[index].velocity = velocity
      let clip = clips[index]
      clips[index].state = clip.sampler.advance(clip.state, velocity: velocity, noise: clip.item.noise)
    }
  }

  /// v̂ for each branch, [branches, F, h, w, c].
  private func denoise(_ branches: [Branch]) -> Tensor {
    let of = branches.map { clips[$0.clip] }
    var input = DenoiserInput(
      latents: stack(of.map(\.state.x)),
      conditionOfItem: zip(of, branches).map { $0.condition(isConditional: $1.isConditional) })
    input.isImageStack = of.map(\.item.isImage)
    if denoiser.configuration.hasSelfConditioning { input.previousEstimate = stack(of.map(\.state.clean)) }
    if denoiser.configuration.isUpsampler { input.lowResolution = stack(of.compactMap(\.lowResolution)) }
    if of.contains(where: { $0.item.givenFrames != nil }) {
      input.givenFrames = zip(of, branches).map { clip, branch in
        branch.isConditional || !dropsGivenFrames ? clip.item.givenFrames : nil
      }
    }
    return denoiser(input, text: text, on: Tape(device: device, recording: false)).value
  }

  /// Tensors of one shape → [count, …].
  private func stack(_ tensors: [Tensor]) -> Tensor {
    Tensor.concatenating(tensors.map { $0.reshaped([1] + $0.shape) })
  }
}

/// One clip in the batch and where it stands.
private struct BatchClip {
  let item: StageItem
  let sampler: Sampler
  /// Low-resolution latents with their noise, [F, h/2, w/2, c].
  let lowResolution: Tensor?
  /// Indices into the prepared texts; nil for the null text.
  let text: Int?
  let negativeText: Int?
  var state: SamplerState
  /// The guided velocity of the last step.
  var velocity: Tensor?
  var isDropped = false

  var isRunning: Bool { !isDropped && !sampler.isFinished(state) }

  var guidanceScale: Double { sampler.guidanceScale(step: state.step) }

  /// With guidance first the conditional, then the unconditional one; without only the first.
  func branches(of index: Int) -> [Branch] {
    let conditional = Branch(clip: index, isConditional: true)
    return guidanceScale == 1 ? [conditional] : [conditional, Branch(clip: index, isConditional: false)]
  }

  func condition(isConditional: Bool) -> DenoiserCondition {
    DenoiserCondition(
      timestep: Double(sampler.timesteps[state.step]),
      augmentationTimestep: Double(item.sampling.augmentationTimestep),
      classLabel: isConditional ? item.classLabel : nil, text: isConditional ? text : negativeText)
  }
}

/// One item of a pass: a clip under its prompt, or without it.
private struct Branch {
  let clip: Int
  let isConditional: Bool
}

/// Encoded prompts joined as rows, with where each is.
private struct TextRows {
  private var parts: [Tensor] = []
  private(set) var ranges: [Range<Int>] = []

  /// The text's index; nil for none.
  mutating func add(_ text: Tensor?) -> Int? {
    guard let text else { return nil }
    let start = ranges.last?.upperBound ?? 0
    parts.append(text)
    ranges.append(start..<(start + text.shape[0]))
    return ranges.count - 1
  }

  /// [all rows, d_text]
  var joined: Tensor? { parts.isEmpty ? nil : Tensor.concatenating(parts) }
}
