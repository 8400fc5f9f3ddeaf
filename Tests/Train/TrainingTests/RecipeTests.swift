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

  @Test("every recipe of the demo can be read", arguments: ["ae", "t5", "base", "sr1", "sr2"])
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

  @Test("crops of a length that the autoencoder cannot take are refused")
  func refusesFrameCounts() {
    let text = "kind = \"autoencoder\"\nmodel = \"m\"\nsteps = 1\n[[crops]]\nframes = 8\nside = 32\ncount = 1\n"
    #expect { try recipe(text) } throws: { ($0 as? SettingsError)?.code == .range }
  }
}
