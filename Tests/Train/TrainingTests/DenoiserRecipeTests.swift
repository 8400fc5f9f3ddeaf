import DurableFiles
import Foundation
import Testing
import VideoAutoencoder
import VideoTransformer

@testable import Training

/// What a denoiser's recipe asks for must fit together before hours go into latents.
struct DenoiserRecipeTests {
  private static let demo = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../../configs/models/demo").standardized.path

  /// Eight pixels a latent pixel, four frames a latent frame.
  private static let autoencoder = AutoencoderConfiguration(
    baseChannels: 4, channelMultipliers: [1, 1, 1, 1], residualBlocks: 1, middleBlocks: 0,
    temporalDown: [false, true, true], groups: 1, latentChannels: 4)
  private static let base = TransformerConfiguration(
    frames: 5, size: .init(4, 4), channels: 4, patch: 1, layers: 2, hidden: 8, heads: 2,
    spatiotemporalWindow: .init(4, 4))

  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.path + "/denoiser-recipe-\(UUID().uuidString)"
    try DurableFile.makeFolder(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  private func recipe(in folder: String, resolution: Int = 32, rest: String = "") throws -> DenoiserRecipe {
    let path = folder + "/recipe.toml"
    let text = """
      model = "base"
      autoencoder = "ae"
      text_encoder = "\(Self.demo)/t5"
      resolution = \(resolution)
      steps = 1
      \(rest)
      """
    try DurableFile.replace(path, with: text)
    guard case .denoiser(let recipe) = try Recipe(file: path).model else {
      throw TrainingError(.recipe, "not a denoiser")
    }
    return recipe
  }

  @Test("a model whose frame, channels or length are not those of its latents is refused")
  func refusesOtherModels() throws {
    let changes: [(inout TransformerConfiguration) -> Void] = [
      { $0.size.width = 8 }, { $0.size = .init(8, 8) }, { $0.channels = 8 }, { $0.lowResolutionChannels = 8 },
      { $0.frames = 3 },
    ]
    try withFolder { folder in
      let recipe = try recipe(in: folder)
      try recipe.check(Self.base, with: Self.autoencoder)
      for change in changes {
        var model = Self.base
        change(&model)
        #expect { try recipe.check(model, with: Self.autoencoder) } throws: {
          ($0 as? TrainingError)?.code == .recipe
        }
      }
    }
  }

  @Test("the built-in world's resolutions bind, those of a data set do not")
  func refusesResolutions() throws {
    var model = Self.base
    model.size = .init(5, 5)
    try withFolder { folder in
      let world = try recipe(in: folder, resolution: 40)
      #expect { try world.check(model, with: Self.autoencoder) } throws: { ($0 as? TrainingError)?.code == .recipe }
      let data = try recipe(in: folder, resolution: 40, rest: "[data]\ntrain = \"a\"\nheld = \"b\"")
      try data.check(model, with: Self.autoencoder)
    }
  }

  @Test("stacks of images are refused for a model that knows videos only")
  func refusesImages() throws {
    var model = Self.base
    (model.textWidth, model.crossWindow) = (8, .same)
    try withFolder { folder in
      let mixed = try recipe(in: folder)
      #expect { try mixed.check(model, with: Self.autoencoder) } throws: { ($0 as? TrainingError)?.code == .recipe }
      let videos = try recipe(in: folder, rest: "[mixture]\nimage_stacks = 0")
      try videos.check(model, with: Self.autoencoder)
    }
  }

  @Test("a text encoder of another width than the model's is refused")
  func refusesOtherTextEncoders() throws {
    var model = Self.base
    try withFolder { folder in
      let recipe = try recipe(in: folder)
      model.textWidth = 64
      #expect { _ = try TextEncoder(of: recipe, for: model) } throws: { ($0 as? TrainingError)?.code == .recipe }
      model.textWidth = 128
      #expect(try TextEncoder(of: recipe, for: model)?.width == 128)
    }
  }

  @Test("class folders that differ are refused where a model is told classes, and only there")
  func comparesClasses() throws {
    try withFolder { folder in
      for name in ["train/cat", "train/dog", "held/cat", "held/horse"] {
        try DurableFile.makeFolder("\(folder)/\(name)")
        try DurableFile.replace("\(folder)/\(name)/clip.mp4", with: "no video")
      }
      let recipe = try recipe(in: folder, rest: "[data]\ntrain = \"train\"\nheld = \"held\"")
      let data = try #require(recipe.data)
      let place = DataPlace(
        cacheFolder: folder + "/cache", workFolder: folder + "/work", report: { _ in }, stop: StopRequest())
      #expect { try ClipData(data, shorterSides: [32], usesClasses: true, place: place) } throws: {
        ($0 as? TrainingError)?.code == .recipe && "\($0)".contains("\"dog\"")
      }
      #expect(try ClipData(data, shorterSides: [32], usesClasses: false, place: place).held.skipped.count == 2)
    }
  }
}
