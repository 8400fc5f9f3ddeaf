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
    /// 1 for images, more for videos.
    package let frameCount: Int
    /// Pixels of a side.
    package let side: Int
    package let count: Int
    /// The resolutions that the crops are taken from.
    package let resolutions: [Int]
    /// The share of this group's loss in the batch's.
    package let weight: Double
    package let latents: LatentOrigin
  }

  /// Whose latents the decoder is given.
  package enum LatentOrigin: String, Sendable, CaseIterable {
    /// The encoder's.
    case encoded
    /// Those that a cascade's upsamplers make of the encoder's of the cascade's first size: soft where the upsamplers
    /// are not sure, as all that the decoder will be given. Whole frames from the clip's first on.
    case upsampled
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
  /// The model folder whose upsamplers make latents; nil where no group asks for them.
  package let cascade: String?
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
    cascade = try table.optional("cascade", as: String.self).map(run.path)
    if crops.contains(where: { $0.latents == .upsampled }) { try checkUpsampled(table) }
  }

  private func checkUpsampled(_ table: SettingsTable) throws {
    let asked = "[[crops]] with latents = \"upsampled\""
    if part == .both {
      throw table.error(.range, "train", "\(asked) train a decoder only", hint: "set train = \"decoder\"")
    }
    if cascade == nil {
      throw table.error(.missing, "cascade", "\(asked) need upsamplers", hint: "add cascade = \"MODEL FOLDER\"")
    }
    if data != nil {
      throw table.error(.range, "data", "\(asked) take clips of the built-in world", hint: "remove [data]")
    }
  }
}

extension AutoencoderRecipe.Crops {
  init(_ table: SettingsTable) throws {
    let frames: Int = try table.required("frames", in: 1...257)
    let pixels: Int = try table.required("side", in: 8...1024)
    let views: [Int] = try table.value("resolutions", default: [pixels])
    if views.isEmpty {
      throw table.error(.range, "resolutions", "resolutions is empty", hint: "leave it out")
    }
    if let small = views.first(where: { $0 < pixels }) {
      throw table.error(
        .range, "resolutions", "resolutions has \(small), the crops are \(pixels)", hint: "leave it out")
    }
    let origin = try table.choice("latents", default: AutoencoderRecipe.LatentOrigin.encoded)
    if origin == .upsampled, frames == 1 || frames > 17 || views != [pixels] {
      throw table.error(
        .range, "latents", "upsampled latents are of whole videos: 2 to 17 frames, one resolution, that of the crops",
        hint: "take 17 frames and leave resolutions out")
    }
    self.init(
      frameCount: frames, side: pixels, count: try table.required("count", in: 1...4096), resolutions: views,
      weight: try table.value("weight", default: 1, in: 0...1000), latents: origin)
  }
}
