import Autograd
import Diffusion
import Foundation
import Kernels
import Tensors
import Training
import VideoAutoencoder
import VideoPipeline
import VideoTransformer
import Weights

/// One thing that is timed: a model, its inputs, and what is done with them.
struct BenchmarkCase {
  struct Description: Decodable {
    enum Kind: String, Decodable {
      case forward, sample, decode, encode, train
    }

    let kind: Kind
    let model: String
    let inputs: String
    /// Of the sampler.
    let steps: Int?
    let guidance: Double?
  }

  private let run: () -> Tensor

  init(_ description: Description, threads: Int) throws {
    let device = ComputeDevice(threadCount: threads)
    let folder = URL(fileURLWithPath: description.model)
    let inputs = try SafetensorsFile(path: description.inputs)
    switch description.kind {
    case .forward: run = try Self.forward(VideoTransformer(folder: folder), TextInputs(inputs), device)
    case .train: run = try Self.train(VideoTransformer(folder: folder), TextInputs(inputs), inputs, device)
    case .sample: run = try Self.sample(VideoTransformer(folder: folder), TextInputs(inputs), description, device)
    case .decode:
      let (model, latents) = (try VideoAutoencoder(folder: folder), try inputs.tensor("z"))
      run = { model.decode(latents, on: device) }
    case .encode:
      let (model, pixels) = (try VideoAutoencoder(folder: folder), try inputs.tensor("x"))
      run = { model.encode(pixels, on: device) }
    }
  }

  func seconds() -> Double {
    let begun = ContinuousClock.now
    _ = run()
    return (ContinuousClock.now - begun) / .seconds(1)
  }

  func write(to path: String) throws {
    var document = SafetensorsDocument()
    document.add("y", run())
    try document.write(to: path)
  }
}

extension BenchmarkCase {
  private static func forward(_ model: VideoTransformer, _ inputs: TextInputs, _ device: ComputeDevice) -> () -> Tensor
  {
    return {
      let tape = Tape(device: device, recording: false)
      let text = model.prepare(texts: inputs.rows, ranges: inputs.ranges, on: tape)
      return model(inputs.denoiserInput, text: text, on: tape).value
    }
  }

  /// A step of AdamW on the velocity's mean squared error; gives the loss.
  private static func train(
    _ model: VideoTransformer, _ inputs: TextInputs, _ file: SafetensorsFile, _ device: ComputeDevice
  ) throws -> () -> Tensor {
    var input = inputs.denoiserInput
    input.previousEstimate = try file.tensor("estimate")
    let (target, optimizer) = (try file.tensor("target"), AdamW(model.parameters))
    return { [input] in
      let tape = Tape(device: device, recording: true)
      let text = model.prepare(texts: inputs.rows, ranges: inputs.ranges, on: tape)
      let loss = tape.meanSquaredError(model(input, text: text, on: tape), target, blockWeights: nil)
      tape.backward(from: loss)
      optimizer.update(gradients: model.parameters.map { tape.gradient(of: $0) }, rate: 1e-4, on: device)
      return loss.value.reshaped([1])
    }
  }

  private static func sample(
    _ model: VideoTransformer, _ inputs: TextInputs, _ description: Description, _ device: ComputeDevice
  ) -> () -> Tensor {
    let sampling = StageSampling(
      stepCount: description.steps ?? 50, guidance: .constant(description.guidance ?? 1))
    let item = StageItem(
      noise: NoiseKey(seed: 0, stage: 0), sampling: sampling, isImage: false, text: inputs.rows)
    return {
      do {
        let sampler = try StageSampler(
          denoiser: model, schedule: NoiseSchedule(), items: [item], states: [SamplerState(noise: inputs.latents[0])],
          on: device)
        while !sampler.isFinished { sampler.step() }
        let result = sampler.result(0)
        return result.reshaped([1] + result.shape)
      } catch {
        fatalError("benchmark \(description.model): \(error)")
      }
    }
  }
}

/// What a denoiser's pass is given: latents `z`, timesteps `k`, `text` [B, n, d] of which `counts` rows count.
private struct TextInputs {
  let latents: Tensor
  let timesteps: [Float]
  /// The rows that count, of all texts, [M, d].
  let rows: Tensor
  let ranges: [Range<Int>]

  init(_ file: SafetensorsFile) throws {
    (latents, timesteps) = (try file.tensor("z"), try file.tensor("k").array)
    let text = try file.tensor("text")
    var (parts, ranges): ([Tensor], [Range<Int>]) = ([], [])
    for (item, count) in try file.integers("counts").enumerated() {
      let start = ranges.last?.upperBound ?? 0
      parts.append(text[item].rows(0..<count))
      ranges.append(start..<(start + count))
    }
    (rows, self.ranges) = (Tensor.concatenating(parts), ranges)
  }

  var denoiserInput: DenoiserInput {
    DenoiserInput(
      latents: latents,
      conditionOfItem: timesteps.enumerated().map { DenoiserCondition(timestep: Double($1), text: $0) })
  }
}
