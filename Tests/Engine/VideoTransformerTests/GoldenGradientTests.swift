import Autograd
import Diffusion
import Kernels
import Tensors
import Testing
import VideoTransformer

@Suite("The denoiser's gradients, against golden values")
struct GoldenGradientTests {
  @Test("of the diffusion loss, with and without a self-conditioning pass", arguments: ["plain", "self_cond"])
  func gradients(name: String) throws {
    let file = try GoldenFile("train_loss")
    let model = try VideoTransformer(golden: file)
    let device = ComputeDevice(threadCount: 2)
    let velocity = Velocity(gamma: NoiseSchedule().gamma(600))
    let (clean, epsilon) = (try file.input("\(name)/in/x0"), try file.input("\(name)/in/eps"))
    let noisy = velocity.noisy(clean: clean, epsilon: epsilon)
    let classes = try file.file.integers("\(name)/in/cls")
    var input = DenoiserInput(
      latents: noisy,
      conditionOfItem: classes.map {
        DenoiserCondition(timestep: 600, classLabel: $0 == model.configuration.classes ? nil : $0)
      })
    if name == "self_cond" {
      let first = model(input, text: nil, on: Tape(device: device, recording: false)).value
      input.previousEstimate = velocity.clean(x: noisy, velocity: first)
    }
    let tape = Tape(device: device, recording: true)
    let prediction = model(input, text: nil, on: tape)
    let target = velocity.target(clean: clean, epsilon: epsilon)
    let loss = tape.meanSquaredError(prediction, target, blockWeights: nil)
    tape.backward(from: loss)
    try file.expect(loss.value.reshaped([1]), equals: "loss", of: name)
    for parameter in [
      "patch.weight", "layers.1.attn.qkv.weight", "layers.1.attn.rel_bias", "layers.2.adaln_down", "adaln.bias",
      "final.proj.weight", "class_emb",
    ] {
      let gradient = try #require(tape.gradient(of: model.store[parameter]), "\(parameter)")
      try file.expect(gradient, equals: "grad.\(parameter)", of: name)
    }
  }
}
