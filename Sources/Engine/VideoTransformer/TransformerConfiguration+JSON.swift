import Foundation
import Weights

extension TransformerConfiguration {
  /// - Throws: `WeightsError` naming file and key.
  package init(contentsOf file: URL) throws { try self.init(ConfigurationObject(contentsOf: file)) }

  package init(_ object: ConfigurationObject) throws {
    try object.requireType("walt")
    frames = try object.integer("frames", in: 1...1024)
    size = Size(try object.integer("height", in: 1...8192), try object.integer("width", in: 1...8192))
    channels = try object.integer("channels", in: 1...1024)
    patch = try object.integer("patch", in: 1...64)
    layers = try object.integer("layers", in: 1...1024)
    hidden = try object.integer("hidden", in: 1...65536)
    heads = try object.integer("heads", in: 1...1024)
    feedForward = try object.optionalInteger("ff", in: 1...1_048_576) ?? 4 * hidden
    let wholeFrame = Size(size.height / patch, size.width / patch)
    spatialWindow = try object.has("spatial_window") ? object.size("spatial_window") : wholeFrame
    spatiotemporalWindow = try object.size("st_window")
    modulation = try object.modulation()
    classes = try object.integer("num_classes", in: 0...1_000_000)
    textWidth = try object.integer("text_dim", in: 0...65536)
    poolsText = try object.bool("text_pool")
    crossWindow = try object.choice("cross_window")
    hasSelfConditioning = try object.bool("self_cond")
    hasFramePrediction = try object.bool("frame_pred")
    lowResolutionChannels = try object.integer("lr_channels", in: 0...1024)
    hasFullAttention = try object.has("attention") && object.choice("attention") == Attention.full
    try object.finish()
    try checkDivisions(object)
  }

  private func checkDivisions(_ object: ConfigurationObject) throws {
    func check(_ key: String, _ divisor: Int, divides number: Int, _ what: String) throws {
      guard number % divisor == 0 else {
        throw object.error(.invalidValue, key, "is \(divisor), which does not divide \(what) \(number)")
      }
    }
    try check("heads", heads, divides: hidden, "hidden")
    try check("patch", patch, divides: size.height, "height")
    try check("patch", patch, divides: size.width, "width")
    try check("spatial_window[0]", spatialWindow.height, divides: tokenSize.height, "the height in tokens")
    try check("spatial_window[1]", spatialWindow.width, divides: tokenSize.width, "the width in tokens")
    if frames > 1 {
      try check("st_window[0]", spatiotemporalWindow.height, divides: tokenSize.height, "the height in tokens")
      try check("st_window[1]", spatiotemporalWindow.width, divides: tokenSize.width, "the width in tokens")
    }
    if hasFullAttention, spatiotemporalWindow != tokenSize {
      throw object.error(
        .invalidValue, "attention", "is \"full\", which needs st_window [\(tokenSize.height),\(tokenSize.width)]")
    }
    if isUpsampler, size.height % 2 != 0 || size.width % 2 != 0 {
      throw object.error(
        .invalidValue, "lr_channels", "needs an even height and width, found \(size.height)×\(size.width)")
    }
  }

  /// The optional key `attention`.
  private enum Attention: String, CaseIterable { case windows, full }

  /// What `config.json` says.
  package var json: String {
    let adaln: String
    switch modulation {
    case .lowRank(let rank): adaln = "\"lora\",\"rank\":\(rank)"
    case .separate: adaln = "\"separate\""
    }
    return """
      {"type":"walt","frames":\(frames),"height":\(size.height),"width":\(size.width),"channels":\(channels),\
      "patch":\(patch),"layers":\(layers),"hidden":\(hidden),"heads":\(heads),"ff":\(feedForward),\
      "spatial_window":[\(spatialWindow.height),\(spatialWindow.width)],\
      "st_window":[\(spatiotemporalWindow.height),\(spatiotemporalWindow.width)],\
      "adaln":\(adaln),"num_classes":\(classes),"text_dim":\(textWidth),"text_pool":\(poolsText),\
      "cross_window":"\(crossWindow.rawValue)","self_cond":\(hasSelfConditioning),"frame_pred":\(hasFramePrediction),\
      "lr_channels":\(lowResolutionChannels)\(hasFullAttention ? ",\"attention\":\"full\"" : "")}

      """
  }
}

extension ConfigurationObject {
  fileprivate func size(_ key: String) throws -> TransformerConfiguration.Size {
    let sides = try integers(key, count: 2...2, in: 1...8192)
    return TransformerConfiguration.Size(sides[0], sides[1])
  }

  fileprivate func modulation() throws -> TransformerConfiguration.Modulation {
    enum Kind: String, CaseIterable { case lora, separate }
    let kind: Kind = try choice("adaln")
    let rank = try optionalInteger("rank", in: 1...65536)
    switch (kind, rank) {
    case (.separate, _): return .separate
    case (.lora, let rank?): return .lowRank(rank)
    case (.lora, nil): throw error(.missingKey, "rank", "is missing, which \"adaln\": \"lora\" needs")
    }
  }
}
