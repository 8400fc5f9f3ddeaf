import Settings

/// What a denoiser's recipe says beyond the common part.
package struct DenoiserRecipe: Sendable {
  package let autoencoder: String
  /// Needed by models with text.
  package let textEncoder: String?
  /// A folder with weights to begin with.
  package let start: String?
  /// Pixels of a side.
  package let resolution: Int
  package let videoCount: Int
  package let imageCount: Int
  package let mixture: DenoiserMixture
  /// Nil for the built-in world.
  package let data: DataRecipe?
  /// Whether layers are computed again in the backward pass, to save memory.
  package let recomputesLayers: Bool

  init(_ table: SettingsTable, run: RunRecipe) throws {
    autoencoder = run.path(try table.required("autoencoder"))
    textEncoder = try table.optional("text_encoder", as: String.self).map(run.path)
    start = try table.optional("start", as: String.self).map(run.path)
    resolution = try table.required("resolution", in: 32...1024)
    let examples = try table.table("examples")
    videoCount = try examples?.value("videos", default: 4096, in: 1...10_000_000) ?? 4096
    imageCount = try examples?.value("images", default: 2048, in: 1...10_000_000) ?? 2048
    recomputesLayers = try table.value("recompute_layers", default: false)
    data = try DataRecipe(table.table("data"), run: run)
    mixture = try DenoiserMixture(table.table("mixture"))
  }
}

extension DenoiserMixture {
  fileprivate init(_ table: SettingsTable?) throws {
    self.init()
    guard let table else { return }
    itemCount = try table.value("items", default: itemCount, in: 1...4096)
    imageStackCount = try table.value("image_stacks", default: imageStackCount, in: 0...itemCount)
    selfConditioning = try table.value("self_conditioning", default: selfConditioning, in: 0...1)
    framePrediction = try table.value("frame_prediction", default: framePrediction, in: 0...1)
    dropText = try table.value("drop_text", default: dropText, in: 0...1)
    dropGivenFrames = try table.value("drop_given_frames", default: dropGivenFrames, in: 0...1)
    highestAugmentation = try table.value("highest_augmentation", default: highestAugmentation, in: 0...999)
    detailWeight = Float(try table.value("detail_weight", default: Double(detailWeight), in: 1...1000))
    timestepPower = try table.value("timestep_power", default: timestepPower, in: 1...100)
  }
}
