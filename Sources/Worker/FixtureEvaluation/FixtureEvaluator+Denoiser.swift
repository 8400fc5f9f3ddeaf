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
    let configuration = try TransformerConfiguration(file.configuration().object("new"))
    let old = try denoiser(file, file.configuration().object("old"))
    guard old.configuration.differsInSizeAlone(from: configuration) else {
      throw file.error("config.new differs from config.old in more than height, width and windows")
    }
    let model = old.resized(as: configuration)
    var result = Recomputed()
    for golden in file.cases {
      if file.has(golden, "z") {
        result.add(golden, "v", try velocity(file, golden, model))
      } else {
        for parameter in model.parameters { result.add(golden, parameter.name, parameter.value) }
      }
    }
    return result
  }

  func denoiser(_ file: FixtureFile, _ configuration: ConfigurationObject) throws -> VideoTransformer {
    let configuration = try TransformerConfiguration(configuration)
    return VideoTransformer(configuration: configuration, store: try file.store(configuration.specifications))
  }

  private func velocity(_ file: FixtureFile, _ golden: FixtureCase, _ model: VideoTransformer) throws -> Tensor {
    let inputs = try DenoiserInputs(file, golden, model.configuration, latents: "z")
    let tape = Tape(device: device, recording: false)
    let text = model.prepare(texts: inputs.texts.rows, ranges: inputs.texts.ranges, on: tape)
    return model(try inputs.input(), text: text, on: tape).value
  }
}
