import Autograd
import Diffusion
import Tensors
import VideoTransformer

extension FixtureEvaluator {
  /// The diffusion loss and its gradients; given frames are left out of the mean.
  func recomputeLoss(_ file: FixtureFile) throws -> Recomputed {
    let model = try denoiser(file, file.configuration())
    var result = Recomputed()
    for golden in file.cases {
      let timestep = try golden.arguments.integer("k", in: 0...999)
      let inputs = try DenoiserInputs(file, golden, model.configuration, latents: "x0")
      let clean = inputs.latents
      let epsilon = try file.input(golden, "eps", shape: clean.shape)
      let velocity = Velocity(gamma: NoiseSchedule().gamma(timestep))
      var input = try inputs.input(
        noisy: velocity.noisy(clean: clean, epsilon: epsilon), timestep: timestep, given: clean)
      let tape = Tape(device: device, recording: true)
      let text = model.prepare(texts: inputs.texts.rows, ranges: inputs.texts.ranges, on: tape)
      if model.configuration.hasSelfConditioning, try golden.arguments.optionalBool("self_cond_pass") == true {
        let silent = Tape(device: device, recording: false)
        let known = model.prepare(texts: inputs.texts.rows, ranges: inputs.texts.ranges, on: silent)
        let first = model(input, text: known, on: silent).value
        input.previousEstimate = velocity.clean(x: input.latents, velocity: first)
      }
      let frameWeights = try inputs.givenCounts.flatMap { given in
        (0..<clean.shape[1]).map { Float($0 < given ? 0 : 1) }
      }
      let loss = tape.meanSquaredError(
        model(input, text: text, on: tape), velocity.target(clean: clean, epsilon: epsilon),
        blockWeights: frameWeights)
      tape.backward(from: loss)
      result.add(golden, "loss", loss.value)
      for parameter in model.parameters {
        // A weight that the case does not reach has none.
        let gradient = tape.gradient(of: parameter) ?? Tensor(zeros: parameter.shape)
        result.add(golden, "grad.\(parameter.name)", gradient)
      }
    }
    return result
  }
}
