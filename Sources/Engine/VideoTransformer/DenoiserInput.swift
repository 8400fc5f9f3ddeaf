import Tensors

/// What one frame is denoised under. Frames of a video share one; images of a stack have one each.
package struct DenoiserCondition: Sendable, Hashable {
  /// The noise level k, 0…999; fractions are allowed.
  package var timestep: Double
  /// The noise level of the low-resolution latents; −1 for none. Upsamplers only.
  package var augmentationTimestep: Double
  /// nil for the null class. Class-conditional models only.
  package var classLabel: Int?
  /// The index of a prepared text, nil for the null text. Text-conditional models only.
  package var text: Int?

  package init(timestep: Double, augmentationTimestep: Double = -1, classLabel: Int? = nil, text: Int? = nil) {
    self.timestep = timestep
    self.augmentationTimestep = augmentationTimestep
    self.classLabel = classLabel
    self.text = text
  }
}

/// A batch of videos and stacks of images for one pass of the denoiser. Items never interact: each result is what the
/// item would give alone.
package struct DenoiserInput {
  /// z_t, [B, F, h, w, c]. F is the model's number of frames; 1 for images; any number for stacks of images only.
  package var latents: Tensor
  /// The distinct conditions; work that depends on them alone is done once each.
  package var conditions: [DenoiserCondition]
  /// The condition of each of the B·F frames; the frames of a video have the same.
  package var conditionOfFrame: [Int]
  /// Whether item i is a stack of F independent images. With F = 1 every item is.
  package var isImageStack: [Bool]
  /// The previous estimate of the clean latents, as `latents`; nil for zeros. Self-conditioned models only.
  package var previousEstimate: Tensor?
  /// For each item the clean latents [n, h, w, c] of its first n frames where they are given; nil for none. Empty
  /// for none at all. Models with frame prediction only; images have no past and do not see theirs.
  package var givenFrames: [Tensor?] = []
  /// The low-resolution latents [B, F, h/2, w/2, c_lr], noise already added. Upsamplers only, which need it.
  package var lowResolution: Tensor?

  package init(
    latents: Tensor, conditions: [DenoiserCondition], conditionOfFrame: [Int], isImageStack: [Bool],
    previousEstimate: Tensor? = nil, givenFrames: [Tensor?] = [], lowResolution: Tensor? = nil
  ) {
    self.latents = latents
    self.conditions = conditions
    self.conditionOfFrame = conditionOfFrame
    self.isImageStack = isImageStack
    self.previousEstimate = previousEstimate
    self.givenFrames = givenFrames
    self.lowResolution = lowResolution
  }

  /// A batch of whole videos, or of single images, with one condition an item.
  package init(latents: Tensor, conditionOfItem conditions: [DenoiserCondition]) {
    let frameCount = latents.shape[1]
    self.init(
      latents: latents, conditions: conditions,
      conditionOfFrame: conditions.indices.flatMap { [Int](repeating: $0, count: frameCount) },
      isImageStack: [Bool](repeating: frameCount == 1, count: latents.shape[0]))
  }

  package var itemCount: Int { latents.shape[0] }
  package var frameCount: Int { latents.shape[1] }

  /// Whether item i is denoised as independent images.
  func isImage(_ item: Int) -> Bool { frameCount == 1 || isImageStack[item] }
}

extension DenoiserInput {
  /// Stops at what a caller must not pass; see the properties.
  func check(against model: TransformerConfiguration, textCount: Int?) {
    let shape = latents.shape
    precondition(
      shape.count == 5 && Array(shape[2...]) == [model.size.height, model.size.width, model.channels],
      "latents are \(shape), expected [B, F, \(model.size.height), \(model.size.width), \(model.channels)]")
    precondition(isImageStack.count == itemCount, "\(isImageStack.count) kinds of \(itemCount) items")
    precondition(
      conditionOfFrame.count == itemCount * frameCount && conditionOfFrame.allSatisfy(conditions.indices.contains),
      "conditions of \(conditionOfFrame.count) frames for \(itemCount)×\(frameCount)")
    precondition(
      frameCount == model.frames || (0..<itemCount).allSatisfy(isImage),
      "videos of \(frameCount) latent frames, the model makes \(model.frames)")
    precondition(
      model.acceptsImages || !(0..<itemCount).contains(where: isImage),
      "images for a model whose cross-attention spans all frames")
    precondition(previousEstimate == nil || previousEstimate?.shape == shape, "the estimate differs in shape")
    precondition(model.hasFramePrediction || givenFrames.allSatisfy { $0 == nil }, "the model knows no given frames")
    precondition(givenFrames.isEmpty || givenFrames.count == itemCount, "given frames for \(givenFrames.count) items")
    for frames in givenFrames.compactMap({ $0 }) {
      precondition(
        Array(frames.shape.dropFirst()) == Array(shape[2...]) && frames.shape[0] <= frameCount,
        "given frames are \(frames.shape), latents \(shape)")
    }
    let half = [itemCount, frameCount, shape[2] / 2, shape[3] / 2, model.lowResolutionChannels]
    precondition(
      lowResolution?.shape == (model.isUpsampler ? half : nil),
      "low-resolution latents are \(lowResolution?.shape ?? []), expected \(model.isUpsampler ? half : [])")
    precondition((textCount != nil) == model.hasText, "prepared text is for models with text, and they need it")
    for condition in conditions {
      precondition(condition.text.map { $0 < textCount ?? 0 } ?? true, "no prepared text \(condition.text ?? 0)")
      precondition(condition.classLabel.map { $0 < model.classes } ?? true, "no class \(condition.classLabel ?? 0)")
    }
  }
}
