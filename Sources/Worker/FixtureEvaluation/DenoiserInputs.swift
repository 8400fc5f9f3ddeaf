import Tensors
import VideoTransformer

/// What a case feeds a denoiser, checked against its model: shapes, classes and kinds of items that the model cannot
/// take are errors.
struct DenoiserInputs {
  /// [B, F, h, w, c].
  let latents: Tensor
  let texts: FixtureTexts
  private let file: FixtureFile
  private let golden: FixtureCase
  private let model: TransformerConfiguration
  private let isImageStack: [Bool]

  private var itemCount: Int { latents.shape[0] }
  private var frameCount: Int { latents.shape[1] }

  /// - Parameter name: of the input that holds the latents.
  init(_ file: FixtureFile, _ golden: FixtureCase, _ model: TransformerConfiguration, latents name: String) throws {
    (self.file, self.golden, self.model) = (file, golden, model)
    latents = try file.input(golden, name, shape: [nil, nil, model.size.height, model.size.width, model.channels])
    texts = try FixtureTexts(file, golden, model)
    let (itemCount, frameCount) = (latents.shape[0], latents.shape[1])
    let images = try file.optionalIntegers(golden, "image") ?? [Int](repeating: 0, count: itemCount)
    guard images.count == itemCount else {
      throw file.error("\(golden.name)/in/image has \(images.count) entries, expected \(itemCount)", code: .wrongShape)
    }
    isImageStack = images.map { $0 != 0 || frameCount == 1 }
    guard frameCount == model.frames || isImageStack.allSatisfy({ $0 }) else {
      throw file.error("\(golden.name) has videos of \(frameCount) latent frames, the model makes \(model.frames)")
    }
    guard model.acceptsImages || !isImageStack.contains(true) else {
      throw file.error("\(golden.name) has images, the model's attention spans all frames")
    }
    guard texts.ranges.isEmpty || [itemCount, itemCount * frameCount].contains(texts.ranges.count) else {
      throw file.error(
        "\(golden.name)/in/text has \(texts.ranges.count) texts for \(itemCount)×\(frameCount)", code: .wrongShape)
    }
  }

  /// The frames n_cond that each item is given; images have none.
  var givenCounts: [Int] {
    get throws {
      let count = try golden.arguments.optionalInteger("n_cond", in: 0...frameCount) ?? 0
      return isImageStack.map { $0 ? 0 : count }
    }
  }

  /// The pass's input.
  ///
  /// - Parameters:
  ///   - noisy: takes the place of the latents.
  ///   - timestep: the noise level of all items; nil: those of `k`.
  ///   - given: the latents of given frames where the case has no `z_cond`.
  func input(noisy: Tensor? = nil, timestep: Int? = nil, given: Tensor? = nil) throws -> DenoiserInput {
    let count = itemCount * frameCount
    let timesteps = try timestep.map { [Double](repeating: Double($0), count: count) } ?? required("k")
    let augmentations = try model.isUpsampler ? perFrame("k_sr") : nil
    let classes = try model.classes > 0 ? perFrame("cls") : nil
    let (height, width) = (model.size.height, model.size.width)
    let frames = try file.optional(golden, "z_cond", shape: [itemCount, nil, height, width, model.channels]) ?? given
    let conditions = try (0..<count).map { frame in
      DenoiserCondition(
        timestep: timesteps[frame], augmentationTimestep: augmentations?[frame] ?? -1,
        classLabel: try label(classes?[frame]),
        text: texts.ranges.isEmpty ? nil : texts.ranges.count == itemCount ? frame / frameCount : frame)
    }
    let estimate = model.hasSelfConditioning ? try file.optional(golden, "self_cond", shape: latents.shape) : nil
    let low = [itemCount, frameCount, height / 2, width / 2, model.lowResolutionChannels]
    return DenoiserInput(
      latents: noisy ?? latents, conditions: conditions, conditionOfFrame: Array(conditions.indices),
      isImageStack: isImageStack, previousEstimate: estimate, givenFrames: try givenFrames(frames),
      lowResolution: model.isUpsampler ? try file.input(golden, "lr", shape: low) : nil)
  }

  private func givenFrames(_ frames: Tensor?) throws -> [Tensor?] {
    guard let frames, model.hasFramePrediction else { return [] }
    return try zip(0..., givenCounts).map { item, count in
      guard count <= frames.shape[1] else {
        throw file.error(
          "\(golden.name)/in/z_cond has \(frames.shape[1]) frames, n_cond is \(count)", code: .wrongShape)
      }
      return count > 0 ? frames[item].rows(0..<count) : nil
    }
  }

  /// Nil is the null class, whose row is the last.
  private func label(_ value: Double?) throws -> Int? {
    guard let value else { return nil }
    guard let label = Int(exactly: value), (0...model.classes).contains(label) else {
      throw file.error("\(golden.name)/in/cls holds \(value), the model has classes 0 to \(model.classes)")
    }
    return label == model.classes ? nil : label
  }

  private func required(_ input: String) throws -> [Double] {
    guard let values = try perFrame(input) else { throw file.error("\(golden.name)/in/\(input) is missing") }
    return values
  }

  /// A value for each of the B·F frames: those of an item's frames may differ within a stack of images.
  private func perFrame(_ input: String) throws -> [Double]? {
    guard let values = try file.optionalNumbers(golden, input) else { return nil }
    switch values.count {
    case itemCount * frameCount: return values
    case itemCount: return values.flatMap { [Double](repeating: $0, count: frameCount) }
    default:
      throw file.error(
        "\(golden.name)/in/\(input) has \(values.count) entries for \(itemCount)×\(frameCount)", code: .wrongShape)
    }
  }
}

/// The unmasked rows of each text of a case: `text` [B, n, d], or [B, F, n, d] where frames have their own.
struct FixtureTexts {
  /// All rows, one text after the other; nil for none.
  private(set) var rows: Tensor?
  private(set) var ranges: [Range<Int>] = []

  init(_ file: FixtureFile, _ golden: FixtureCase, _ model: TransformerConfiguration) throws {
    guard model.hasText, let text = try file.optional(golden, "text") else { return }
    guard text.shape.count >= 3, text.shape.last == model.textWidth, text.count > 0 else {
      throw file.error(
        "\(golden.name)/in/text is \(text.shape), expected [B, n, \(model.textWidth)]", code: .wrongShape)
    }
    let (length, width) = (text.shape[text.shape.count - 2], model.textWidth)
    let all = text.reshaped([text.count / width, width])
    let mask = try file.optionalIntegers(golden, "text_mask") ?? [Int](repeating: 1, count: all.shape[0])
    guard mask.count == all.shape[0] else {
      throw file.error(
        "\(golden.name)/in/text_mask has \(mask.count) entries, expected \(all.shape[0])", code: .wrongShape)
    }
    var kept: [Tensor] = []
    for start in stride(from: 0, to: all.shape[0], by: length) {
      let unmasked = (start..<start + length).filter { mask[$0] != 0 }
      guard !unmasked.isEmpty else { throw file.error("\(golden.name)/in/text_mask hides a whole text") }
      ranges.append(kept.count..<(kept.count + unmasked.count))
      kept += unmasked.map { all.rows($0..<($0 + 1)) }
    }
    rows = Tensor.concatenating(kept)
  }
}
