import Diffusion
import Tensors
import VideoTransformer

extension TransformerConfiguration {
  /// [F, h, w, c] of one clip's latents.
  package func latentShape(isImage: Bool) -> [Int] { [isImage ? 1 : frames, size.height, size.width, channels] }
}

extension StageItem {
  /// Refuses what the model of the stage cannot take.
  func check(against model: TransformerConfiguration, latentShape shape: [Int]) throws {
    if isImage && !model.acceptsImages {
      throw PipelineError(.unsupported, "sample an image: the model was made for videos only; ask for more frames")
    }
    if model.hasText && text == nil {
      throw PipelineError(.unsupported, "sample without a prompt: the model needs one; encode it first")
    }
    try checkClass(against: model)
    try require("text", (text ?? negativeText)?.shape.last, is: model.hasText ? model.textWidth : nil)
    if let text, let negativeText { try require("negative text", negativeText.shape.last, is: text.shape.last) }
    let low = [shape[0], shape[1] / 2, shape[2] / 2, model.lowResolutionChannels]
    try require("low-resolution latents", lowResolution?.shape, is: model.isUpsampler ? low : nil)
    guard let givenFrames else { return }
    guard model.hasFramePrediction else {
      throw PipelineError(.unsupported, "go on from given frames: the model was trained without frame_pred")
    }
    try require("given frames", Array(givenFrames.shape.dropFirst()), is: Array(shape.dropFirst()))
    guard givenFrames.shape[0] <= shape[0] else {
      throw PipelineError(
        .wrongShape, "go on from given frames: they are \(givenFrames.shape[0]), the clip has \(shape[0])")
    }
  }

  private func checkClass(against model: TransformerConfiguration) throws {
    if model.classes == 0, let classLabel {
      throw PipelineError(.unsupported, "sample class \(classLabel): the model has no classes; leave it out")
    }
    if model.classes > 0, classLabel.map((0..<model.classes).contains) != true {
      let found = classLabel.map { "class \($0)" } ?? "no class"
      throw PipelineError(.unsupported, "sample \(found): the model needs one of 0 to \(model.classes - 1)")
    }
  }

  private func require<Value: Equatable>(_ what: String, _ found: Value?, is expected: Value?) throws {
    guard found != expected else { return }
    let describe = { (value: Value?) in value.map { "\($0)" } ?? "absent" }
    throw PipelineError(
      .wrongShape, "sample a stage: \(what) \(describe(found)), expected \(describe(expected)); is it of this model?")
  }

  /// z_lr ← √γ(k_sr)·z_lr + √(1−γ(k_sr))·ε (§4.5); k_sr = −1 leaves it as it is.
  func augmentedLowResolution(_ schedule: NoiseSchedule) -> Tensor? {
    guard let lowResolution, sampling.augmentationTimestep >= 0 else { return lowResolution }
    return Velocity(gamma: schedule.gamma(sampling.augmentationTimestep))
      .noisy(clean: lowResolution, epsilon: noise.normals(.augmentation, shape: lowResolution.shape))
  }
}

extension SamplerState {
  /// Refuses a state that is not of a run of `stepCount` steps over latents of this shape.
  func check(stepCount: Int, latentShape: [Int]) throws {
    guard x.shape == latentShape, step <= stepCount else {
      throw PipelineError(
        .wrongShape,
        "go on with sampling: the state is \(x.shape) at step \(step), expected \(latentShape) and at most step "
          + "\(stepCount); is it of this clip and stage?")
    }
  }
}
