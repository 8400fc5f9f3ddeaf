import Autograd
import Layers
import Tensors

/// Latents and all that is concatenated to them → tokens with positions (model.md section 3.1).
package struct TokenEmbedding {
  private let model: TransformerConfiguration
  private let patch: Linear
  private let space: Parameter
  private let time: Parameter
  /// Low-resolution latents to this resolution: a convolution to 4c channels, then depth to space.
  private let lowResolutionUp: (weight: Parameter, bias: Parameter)?

  init(_ store: ParameterStore, _ model: TransformerConfiguration) {
    self.model = model
    patch = Linear(store, "patch")
    space = store["pos_space"]
    time = store["pos_time"]
    lowResolutionUp = model.isUpsampler ? (store["lr_up.weight"], store["lr_up.bias"]) : nil
  }

  static func specifications(_ model: TransformerConfiguration) -> [ParameterSpecification] {
    let (d, c) = (model.hidden, model.channels)
    let position = Initializer.normal(standardDeviation: 0.02)
    return Linear.specifications("patch", in: model.patch * model.patch * model.inputChannels, out: d)
      + [
        ParameterSpecification("pos_space", [model.tokenSize.height, model.tokenSize.width, d], position),
        ParameterSpecification("pos_time", [model.frames, d], position),
      ]
      + (model.isUpsampler
        ? [
          ParameterSpecification("lr_up.weight", [4 * c, model.lowResolutionChannels, 3, 3], .heUniform),
          ParameterSpecification("lr_up.bias", [4 * c], .zeros),
        ] : [])
  }

  /// → tokens [B·F·hp·wp, d].
  func callAsFunction(_ input: DenoiserInput, on tape: Tape) -> Variable {
    var x = tape.constant(joinedLatents(input))
    if let lowResolution = input.lowResolution {
      x = tape.concatenateChannels([x, upsampled(lowResolution, on: tape)])
    }
    let tokens = patch(tape.patchify(x, patch: model.patch), on: tape)
    let timeOfFrame = (0..<input.itemCount).flatMap { item in
      (0..<input.frameCount).map { input.isImage(item) ? 0 : $0 }
    }
    return tape.addPositions(tokens, space: space, time: time, timeOfFrame: timeOfFrame)
  }

  /// DS(1, 2, 2)(conv(z_lr)): [B, F, h/2, w/2, c_lr] → [B, F, h, w, c].
  package func upsampled(_ lowResolution: Tensor, on tape: Tape) -> Variable {
    guard let (weight, bias) = lowResolutionUp else { preconditionFailure("the model is no upsampler") }
    let wide = tape.conv3d(
      tape.constant(lowResolution), weight: weight, bias: bias, stride: (1, 1, 1), past: .zeros)
    return tape.depthToSpace(wide, block: (1, 2, 2), droppingFirst: 0)
  }

  /// [z_t | x̂0 | m ∘ z_cond | m], what the model lacks left out: [B, F, h, w, C].
  private func joinedLatents(_ input: DenoiserInput) -> Tensor {
    let c = model.channels
    let width = model.inputChannels - (model.isUpsampler ? c : 0)
    guard width > c else { return input.latents }
    let result = Tensor(zeros: input.latents.shape.dropLast() + [width])
    let pixelsPerFrame = model.size.height * model.size.width
    let pixelsPerItem = pixelsPerFrame * input.frameCount
    result.insert(input.latents, at: 0)
    var offset = c
    if model.hasSelfConditioning {
      if let estimate = input.previousEstimate { result.insert(estimate, at: offset) }
      offset += c
    }
    for (item, frames) in input.givenFrames.enumerated() {
      // Images have no past.
      guard let frames, !input.isImage(item) else { continue }
      let target = result.reshaped([input.itemCount * pixelsPerItem, width])
        .rows((item * pixelsPerItem)..<(item * pixelsPerItem + frames.shape[0] * pixelsPerFrame))
      target.insert(frames, at: offset)
      target.insert(Tensor(repeating: 1, shape: [target.shape[0], 1]), at: offset + c)
    }
    return result
  }
}

extension Tensor {
  /// Writes the channels of `part` over this tensor's channels from `offset` on, pixel by pixel; for a tensor that no
  /// one else holds yet.
  fileprivate func insert(_ part: Tensor, at offset: Int) {
    let (width, partWidth) = (shape[shape.count - 1], part.shape[part.shape.count - 1])
    withExtendedLifetime((self, part)) {
      for pixel in 0..<(part.count / partWidth) {
        (pointer + pixel * width + offset).update(from: part.pointer + pixel * partWidth, count: partWidth)
      }
    }
  }
}
