import Layers
import Tensors
import VideoTransformer

extension VideoTransformer {
  /// The model of a fixture.
  convenience init(golden: GoldenFile) throws {
    try self.init(golden: golden, configuration: TransformerConfiguration(golden.configuration()))
  }

  convenience init(golden: GoldenFile, configuration: TransformerConfiguration) throws {
    let store = try ParameterStore(
      loading: [golden.file], specifications: configuration.specifications, prefix: "w/")
    self.init(configuration: configuration, store: store)
  }
}

extension GoldenFile {
  private func optional(_ name: String) throws -> Tensor? { try file.contains(name) ? input(name) : nil }

  /// The inputs of a case, except its text. Text i belongs to item i.
  func denoiserInput(of golden: TransformerCase) throws -> DenoiserInput {
    let prefix = "\(golden.name)/in/"
    let latents = try input(prefix + "z")
    let (itemCount, frameCount) = (latents.shape[0], latents.shape[1])
    let timesteps = try input(prefix + "k").array
    let augmentation = try optional(prefix + "k_sr")?.array
    let classes = try file.contains(prefix + "cls") ? file.integers(prefix + "cls") : nil
    let images = try file.contains(prefix + "image") ? file.integers(prefix + "image") : nil
    let classCount = file.contains("w/class_emb") ? try file.shape(of: "w/class_emb")[0] - 1 : 0
    // One condition a frame: classes may differ within a stack of images.
    let classesPerItem = (classes?.count ?? 0) / itemCount
    let conditions = (0..<(itemCount * frameCount)).map { frame in
      let item = frame / frameCount
      let label = classes?[classesPerItem == 1 ? item : frame]
      return DenoiserCondition(
        timestep: Double(timesteps[item]), augmentationTimestep: Double(augmentation?[item] ?? -1),
        classLabel: label == classCount ? nil : label, text: file.contains(prefix + "text") ? item : nil)
    }
    let distinct = Array(Set(conditions))
    let given = try optional(prefix + "z_cond")
    return DenoiserInput(
      latents: latents, conditions: distinct, conditionOfFrame: conditions.map { distinct.firstIndex(of: $0) ?? 0 },
      isImageStack: (0..<itemCount).map { images?[$0] == 1 }, previousEstimate: try optional(prefix + "self_cond"),
      givenFrames: given.map { all in (0..<itemCount).map { all[$0].rows(0..<golden.given) } } ?? [],
      lowResolution: try optional(prefix + "lr"))
  }

  /// The texts of a case, unmasked rows only.
  func texts(of name: String) throws -> (rows: Tensor?, ranges: [Range<Int>]) {
    guard file.contains("\(name)/in/text") else { return (nil, []) }
    let (rows, ranges) = try unmasked("\(name)/in/text", mask: "\(name)/in/text_mask")
    return (rows, ranges)
  }

  /// The unmasked rows of text [..., n, d], and where those of each text lie; without a mask all.
  func unmasked(_ name: String, mask: String) throws -> (rows: Tensor, ranges: [Range<Int>]) {
    let text = try input(name)
    let (length, width) = (text.shape[text.shape.count - 2], text.shape[text.shape.count - 1])
    let all = text.reshaped([text.count / width, width])
    let isKept =
      try file.contains(mask) ? file.integers(mask).map { $0 == 1 } : [Bool](repeating: true, count: all.shape[0])
    var rows: [Tensor] = []
    var ranges: [Range<Int>] = []
    for start in stride(from: 0, to: all.shape[0], by: length) {
      let kept = (start..<(start + length)).filter { isKept[$0] }
      ranges.append(rows.count..<(rows.count + kept.count))
      rows += kept.map { all.rows($0..<($0 + 1)) }
    }
    return (Tensor.concatenating(rows), ranges)
  }
}
