import DurableFiles
import Foundation
import Settings
import Testing

@testable import Training

struct RecipeTests {
  private func recipe(_ text: String) throws -> Recipe {
    let path = FileManager.default.temporaryDirectory.path + "/recipe-\(UUID().uuidString).toml"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try DurableFile.replace(path, with: text)
    return try Recipe(file: path)
  }

  @Test(
    "every recipe of the demo can be read",
    arguments: [
      "t5", "ae-images", "ae", "decoder", "ae-whole", "decoder-whole", "decoder-more", "decoder-upsampled",
      "base-images", "base", "base-whole", "base-more", "sr1", "sr1-whole", "sr1-more", "sr2", "sr2-more", "sr2-again",
      "sr2-last",
    ])
  func readsTheDemo(name: String) throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..").path
    let recipe = try Recipe(file: "\(root)/configs/training/\(name).toml")
    #expect(recipe.run.name == name)
    #expect(DurableFile.exists(recipe.run.modelFolder + "/config.json"))
  }

  @Test("a misspelt key is refused by name")
  func refusesUnknownKeys() {
    #expect { try recipe("kind = \"text-encoder\"\nmodel = \"m\"\nsteps = 1\nstesp = 2") } throws: { error in
      (error as? SettingsError)?.code == .unknown
    }
  }

  /// A recipe of one group of crops, with more at its top.
  private func recipe(crops: String, head: String = "") throws -> Recipe {
    try recipe(
      """
      kind = "autoencoder"
      model = "m"
      steps = 1
      \(head)
      [[crops]]
      \(crops)
      count = 1
      """)
  }

  @Test("crops of no resolution are refused")
  func refusesNoResolutions() {
    #expect { try recipe(crops: "frames = 5\nside = 32\nresolutions = []") } throws: {
      ($0 as? SettingsError)?.code == .range
    }
  }

  private static let decoder = "train = \"decoder\"\nstart = \"m\""

  @Test(
    "upsampled latents are refused without a decoder alone, a cascade or crops of whole videos",
    arguments: [
      ("", "frames = 5\nside = 64", SettingsError.Code.range),
      (decoder, "frames = 5\nside = 64", .missing),
      (decoder + "\ncascade = \"c\"", "frames = 1\nside = 64", .range),
      (decoder + "\ncascade = \"c\"", "frames = 5\nside = 32\nresolutions = [64]", .range),
    ])
  func refusesUpsampledLatents(head: String, crops: String, code: SettingsError.Code) {
    #expect { try recipe(crops: crops + "\nlatents = \"upsampled\"", head: head) } throws: {
      ($0 as? SettingsError)?.code == code
    }
  }
}
