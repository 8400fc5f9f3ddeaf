import Settings

/// What an autoencoder's recipe says beyond the common part.
package struct AutoencoderRecipe: Sendable {
  /// What training changes. With `decoder`, the encoder and the latents' statistics stay as they are, so that
  /// denoisers trained on its latents go on fitting it.
  package enum Part: String, Sendable, CaseIterable {
    case both
    case decoder
  }

  /// Crops of one shape in every batch.
  package struct Crops: Sendable {
    /// 1 for images, 1 + 4n for videos.
    package let frameCount: Int
    /// Pixels of a side.
    package let side: Int
    package let count: Int
    /// The resolutions that the crops are taken from.
    package let resolutions: [Int]
    /// The share of this group's loss in the batch's.
    package let weight: Double
  }

  package let part: Part
  /// A folder with weights to begin with.
  package let start: String?
  /// Whether those weights were trained on images alone: what convolutions see of the past then begins at zero, so that
  /// every frame begins as an image.
  package let startsFromImages: Bool
  package let loss: AutoencoderLossRecipe
  /// Noise on the latents in training, in standard deviations of each channel.
  package let latentNoise: Double
  package let crops: [Crops]
  /// Nil for the built-in world.
  package let data: DataRecipe?
  /// Scenes of each resolution and kind that the latents' statistics are taken over.
  package let statisticsSceneCount: Int

  init(_ table: SettingsTable, run: RunRecipe) throws {
    part = try table.choice("train", default: .both)
    start = try table.optional("start", as: String.self).map(run.path)
    startsFromImages = try table.value("start_from_images", default: false)
    if part == .decoder && start == nil {
      throw table.error(
        .missing, "start", "train = \"decoder\" needs the folder of a trained autoencoder", hint: "add start = \"…\"")
    }
    loss = try AutoencoderLossRecipe(table.table("loss"), run: run)
    latentNoise = try table.value("latent_noise", default: 0, in: 0...10)
    data = try DataRecipe(table.table("data"), run: run)
    statisticsSceneCount = try table.value("statistics_scenes", default: 64, in: 1...100_000)
    crops = try table.tables("crops").map { try Crops($0) }
    if crops.isEmpty {
      throw table.error(.missing, "crops", "there are no [[crops]] to train on", hint: "add at least one")
    }
  }
}

extension AutoencoderRecipe.Crops {
  init(_ table: SettingsTable) throws {
    let frames: Int = try table.required("frames", in: 1...257)
    let pixels: Int = try table.required("side", in: 8...1024)
    if frames % 4 != 1 {
      throw table.error(
        .range, "frames", "frames is \(frames), allowed: 1, 5, 9, …", hint: "take \(frames / 4 * 4 + 1)")
    }
    if pixels % 8 != 0 {
      throw table.error(.range, "side", "side is \(pixels), allowed: multiples of 8", hint: "take \(pixels / 8 * 8)")
    }
    let views: [Int] = try table.value("resolutions", default: [pixels])
    if let small = views.first(where: { $0 < pixels }) {
      throw table.error(
        .range, "resolutions", "resolutions has \(small), the crops are \(pixels)", hint: "leave it out")
    }
    self.init(
      frameCount: frames, side: pixels, count: try table.required("count", in: 1...4096), resolutions: views,
      weight: try table.value("weight", default: 1, in: 0...1000))
  }
}
