import Autograd
import Diffusion
import Tensors
import VideoTransformer
import Weights

extension FixtureEvaluator {
  /// Velocities of a denoiser.
  func recomputeDenoiser(_ file: FixtureFile) throws -> Recomputed {
    let model = try denoiser(file, file.configuration())
    var result = Recomputed()
    for golden in file.cases where !golden.name.hasPrefix("module_") {
      result.add(golden, "v", try velocity(file, golden, model))
    }
    return result
  }

  /// A denoiser converted to another frame: its tables of positions, and its velocities.
  func recomputeAspect(_ file: FixtureFile) throws -> Recomputed {
    let size = try TransformerConfiguration(file.configuration().object("new")).size
    guard let model = try denoiser(file, file.configuration().object("old")).resized(to: size) else {
      throw WeightsError(.invalidValue, "\"\(file.name)\": windows do not divide the new grid")
    }
    var result = Recomputed()
    for golden in file.cases {
      if try file.optional(golden, "z") != nil {
        result.add(golden, "v", try velocity(file, golden, model))
      } else {
        for parameter in model.parameters { result.add(golden, parameter.name, parameter.value) }
      }
    }
    return result
  }

  /// The diffusion loss and its gradients.
  func recomputeLoss(_ file: FixtureFile) throws -> Recomputed {
    let model = try denoiser(file, file.configuration())
    var result = Recomputed()
    for golden in file.cases {
      let timestep = try golden.arguments.integer("k", in: 0...999)
      let (clean, epsilon) = (try file.input(golden, "x0"), try file.input(golden, "eps"))
      let velocity = Velocity(gamma: NoiseSchedule().gamma(timestep))
      var input = try denoiserInput(
        file, golden, model.configuration, latents: velocity.noisy(clean: clean, epsilon: epsilon),
        timesteps: [Float](repeating: Float(timestep), count: clean.shape[0]))
      if try golden.arguments.bool("self_cond_pass") {
        let first = model(input, text: nil, on: Tape(device: device, recording: false)).value
        input.previousEstimate = velocity.clean(x: input.latents, velocity: first)
      }
      let tape = Tape(device: device, recording: true)
      let loss = tape.meanSquaredError(
        model(input, text: nil, on: tape), velocity.target(clean: clean, epsilon: epsilon), blockWeights: nil)
      tape.backward(from: loss)
      result.add(golden, "loss", loss.value)
      for parameter in model.parameters {
        if let gradient = tape.gradient(of: parameter) { result.add(golden, "grad.\(parameter.name)", gradient) }
      }
    }
    return result
  }

  func denoiser(_ file: FixtureFile, _ configuration: ConfigurationObject) throws -> VideoTransformer {
    let configuration = try TransformerConfiguration(configuration)
    return VideoTransformer(configuration: configuration, store: try file.store(configuration.specifications))
  }

  private func velocity(_ file: FixtureFile, _ golden: FixtureCase, _ model: VideoTransformer) throws -> Tensor {
    let tape = Tape(device: device, recording: false)
    let (rows, ranges) = try texts(file, golden)
    let input = try denoiserInput(
      file, golden, model.configuration, latents: try file.input(golden, "z"),
      timesteps: try file.input(golden, "k").array)
    return model(input, text: model.prepare(texts: rows, ranges: ranges, on: tape), on: tape).value
  }

  /// The inputs of a case; text i belongs to item i.
  private func denoiserInput(
    _ file: FixtureFile, _ golden: FixtureCase, _ model: TransformerConfiguration, latents: Tensor, timesteps: [Float]
  ) throws -> DenoiserInput {
    let (itemCount, frameCount) = (latents.shape[0], latents.shape[1])
    let augmentation = try file.optional(golden, "k_sr")?.array
    let classes = try file.optionalIntegers(golden, "cls")
    let images = try file.optionalIntegers(golden, "image")
    let hasText = try file.optional(golden, "text") != nil
    let given = try file.optional(golden, "z_cond")
    let givenCount = try golden.arguments.optionalInteger("n_cond", in: 0...frameCount) ?? 0
    // A condition for each frame: classes may differ within a stack of images.
    let conditions = (0..<(itemCount * frameCount)).map { frame in
      let item = frame / frameCount
      let label = classes.map { $0.count == itemCount ? $0[item] : $0[frame] }
      return DenoiserCondition(
        timestep: Double(timesteps[item]), augmentationTimestep: Double(augmentation?[item] ?? -1),
        classLabel: label == model.classes ? nil : label, text: hasText ? item : nil)
    }
    return DenoiserInput(
      latents: latents, conditions: conditions, conditionOfFrame: Array(conditions.indices),
      isImageStack: (0..<itemCount).map { images?[$0] == 1 }, previousEstimate: try file.optional(golden, "self_cond"),
      givenFrames: given.map { all in (0..<itemCount).map { all[$0].rows(0..<givenCount) } } ?? [],
      lowResolution: try file.optional(golden, "lr"))
  }

  /// The unmasked rows of each item's text [B, n, d].
  func texts(_ file: FixtureFile, _ golden: FixtureCase) throws -> (rows: Tensor?, ranges: [Range<Int>]) {
    guard let text = try file.optional(golden, "text") else { return (nil, []) }
    let (length, width) = (text.shape[1], text.shape[2])
    let all = text.reshaped([text.shape[0] * length, width])
    let mask = try file.optionalIntegers(golden, "text_mask")
    var rows: [Tensor] = []
    var ranges: [Range<Int>] = []
    for item in 0..<text.shape[0] {
      let kept = (item * length..<(item + 1) * length).filter { mask?[$0] != 0 }
      ranges.append(rows.count..<(rows.count + kept.count))
      rows += kept.map { all.rows($0..<($0 + 1)) }
    }
    return (Tensor.concatenating(rows), ranges)
  }
}
