extension Request {
  /// `width` and `height`, or `aspect`, choose among the sizes that the model has.
  func sized(_ model: ModelDescription) throws(RequestError) -> ModelDescription {
    if let width, let height {
      let found = ([model] + model.variants).first { lastStage($0).width == width && lastStage($0).height == height }
      if let found { return found }
      throw error(
        .unsupported, "width × height is \(width)×\(height), \"\(model.name)\" makes \(sizes(of: model))", at: .width)
    }
    guard let aspect else { return model }
    let sides = aspect.split(separator: ":").compactMap { Int($0) }
    guard sides.count == 2, sides.allSatisfy({ 1...65_536 ~= $0 }) else {
      throw error(.range, "aspect is \"\(aspect)\", must be width to height, like \"16:9\"", at: .aspect)
    }
    let found = ([model] + model.variants).first { sides[0] * lastStage($0).height == sides[1] * lastStage($0).width }
    if let found { return found }
    throw error(.unsupported, "aspect is \(aspect), \"\(model.name)\" makes \(sizes(of: model))", at: .aspect)
  }

  /// `128×128, 224×128`
  private func sizes(of model: ModelDescription) -> String {
    ([model] + model.variants).map { "\(lastStage($0).width)×\(lastStage($0).height)" }.joined(separator: ", ")
  }

  private func lastStage(_ model: ModelDescription) -> ModelDescription.Stage {
    model.stages.last { $0.name <= (stages ?? .sr2) } ?? model.stages[0]
  }
}
