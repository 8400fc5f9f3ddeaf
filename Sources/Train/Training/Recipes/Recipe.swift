import DurableFiles
import Foundation
import Settings

/// A training recipe: a TOML file that says all that a model's weights follow from, but for the code.
package struct Recipe: Sendable {
  package let run: RunRecipe
  package let model: ModelRecipe

  /// What is trained.
  package enum ModelRecipe: Sendable {
    case autoencoder(AutoencoderRecipe)
    case textEncoder(TextEncoderRecipe)
    case denoiser(DenoiserRecipe)
  }

  private enum Kind: String, CaseIterable {
    case autoencoder
    case textEncoder = "text-encoder"
    case denoiser
  }

  /// Reads and checks a recipe.
  ///
  /// - Throws: `SettingsError`, naming the file, the line and the key.
  package init(file: String) throws {
    let text = try DurableFile.read(file)
    self = try SettingsTable.read(file: file) { table in
      let run = try RunRecipe(table, file: file, digest: SHA256Digest(of: text).hex)
      switch try table.choice("kind", default: Kind.denoiser) {
      case .autoencoder: return Recipe(run: run, model: .autoencoder(try AutoencoderRecipe(table, run: run)))
      case .textEncoder: return Recipe(run: run, model: .textEncoder(try TextEncoderRecipe(table)))
      case .denoiser: return Recipe(run: run, model: .denoiser(try DenoiserRecipe(table, run: run)))
      }
    }
  }

  private init(run: RunRecipe, model: ModelRecipe) {
    self.run = run
    self.model = model
  }
}

/// What every recipe says.
package struct RunRecipe: Sendable {
  /// The file's name without its extension.
  package let name: String
  /// The folder that the recipe's paths are relative to: its own.
  private let folder: String
  /// SHA-256 of the recipe's text.
  package let digest: String
  package let seed: UInt64
  package let steps: Int
  package let logEvery: Int
  package let measureEvery: Int
  /// The part of a model folder that is trained: its config.json is read, its weights are written by `export`.
  package let modelFolder: String
  package let optimizer: OptimizerRecipe
  /// Batches whose gradients' mean makes a step.
  package let accumulatedBatches: Int
  /// What the operands of matrix products are rounded to in training.
  package let products: Products

  package enum Products: String, CaseIterable, Sendable {
    case float32, bfloat16
  }

  init(_ table: SettingsTable, file: String, digest: String) throws {
    let (folder, fileName) = file.folderAndName
    self.folder = folder
    name = (fileName as NSString).deletingPathExtension
    self.digest = digest
    seed = UInt64(try table.value("seed", default: 1, in: 0...Int.max))
    steps = try table.required("steps", in: 1...100_000_000)
    logEvery = try table.value("log_every", default: 20, in: 1...1_000_000)
    measureEvery = try table.value("measure_every", default: 1000, in: 1...1_000_000)
    modelFolder = RunRecipe.resolve(try table.required("model"), in: folder)
    accumulatedBatches = try table.value("accumulate", default: 1, in: 1...10_000)
    products = try table.choice("products", default: .float32)
    optimizer = try OptimizerRecipe(table.table("optimizer"), steps: steps)
  }

  /// A path of the recipe as one that can be opened.
  func path(_ text: String) -> String { RunRecipe.resolve(text, in: folder) }

  private static func resolve(_ path: String, in folder: String) -> String {
    path.hasPrefix("/") ? path : (folder as NSString).appendingPathComponent(path)
  }
}

extension OptimizerRecipe {
  private enum Kind: String, CaseIterable {
    case adam
    case adamW = "adamw"
    case adafactor, muon
  }

  init(_ table: SettingsTable?, steps: Int) throws {
    guard let table else {
      self.init(rate: LearningRate(peak: 5e-4, shape: .cosine, warmUpSteps: min(steps / 10, 5000), totalSteps: steps))
      return
    }
    self.init(
      rate: LearningRate(
        peak: try table.value("learning_rate", default: 5e-4, in: 0...1),
        shape: try table.choice("schedule", default: .cosine),
        warmUpSteps: try table.value("warm_up_steps", default: min(steps / 10, 5000), in: 0...steps),
        totalSteps: steps, final: try table.value("final_rate", default: 0, in: 0...1)))
    adamW.beta1 = try table.value("beta1", default: adamW.beta1, in: 0...0.9999)
    adamW.beta2 = try table.value("beta2", default: adamW.beta2, in: 0...0.99999)
    try readMethod(table)
    clipNorm = try table.value("clip_norm", default: clipNorm, in: 1e-6...1e6)
    averageDecay = try table.value("average_decay", default: averageDecay, in: 0...0.999999)
  }

  private mutating func readMethod(_ table: SettingsTable) throws {
    let kind = try table.choice("kind", default: Kind.adamW)
    let decays = kind == .adamW || kind == .muon
    let weightDecay = try table.value("weight_decay", default: decays ? adamW.weightDecay : 0, in: 0...1)
    adamW.weightDecay = weightDecay
    switch kind {
    case .adamW: method = .adamW
    case .adam:
      method = .adamW
      if weightDecay > 0 {
        throw table.error(
          .range, "weight_decay", "weight_decay is \(weightDecay), and adam does not decay",
          hint: "leave it out, or take adamw, whose decay is apart from the gradient")
      }
    case .adafactor:
      var adafactor = Adafactor.Hyperparameters()
      adafactor.weightDecay = weightDecay
      method = .adafactor(adafactor)
    case .muon:
      var muon = Muon.Hyperparameters()
      muon.momentum = try table.value("momentum", default: muon.momentum, in: 0...0.9999)
      muon.weightDecay = weightDecay
      method = .muon(muon)
    }
  }
}
