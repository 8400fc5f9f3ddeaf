import Datasets
import DurableFiles
import Foundation
import Settings

/// Which videos and pictures a recipe trains on, where it is not the built-in world.
package struct DataRecipe: Sendable {
  /// Data sets as `MediaListing` reads them: to train on, and to measure with.
  package let train: String
  package let held: String
  /// Frames that are left of each second; nil for all.
  package let framesPerSecond: Double?

  /// Nil where the recipe has no `[data]`.
  init?(_ table: SettingsTable?, run: RunRecipe) throws {
    guard let table else { return nil }
    train = run.path(try table.required("train"))
    held = run.path(try table.required("held"))
    framesPerSecond = try table.optional("frames_per_second", as: Double.self)
    if let rate = framesPerSecond, !(0.01...1000).contains(rate) {
      throw table.error(.range, "frames_per_second", "frames_per_second is \(rate), allowed: 0.01 … 1000")
    }
  }
}

/// The data sets of a recipe, decoded.
struct ClipData {
  let train: MediaSet
  let held: MediaSet

  /// Decodes what is not in the cache, and writes `skipped.json` with the files that are left out beside the run's
  /// other records.
  init(
    _ recipe: DataRecipe, shorterSides: [Int], place: DataPlace
  ) throws {
    func decoded(_ path: String) throws -> MediaSet {
      try MediaSet(
        MediaListing(path: path),
        MediaSet.Options(
          shorterSides: shorterSides, framesPerSecond: recipe.framesPerSecond,
          cacheFolder: place.cacheFolder + "/frames"),
        report: place.report, shouldStop: { place.stop.isStopping })
    }
    train = try decoded(recipe.train)
    held = try decoded(recipe.held)
    let skipped = train.skipped + held.skipped
    for file in skipped { place.report("skips \(file.file): \(file.reason)") }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try DurableFile.makeFolder(place.workFolder)
    try DurableFile.replace(
      place.workFolder + "/skipped.json", with: String(decoding: try encoder.encode(skipped), as: UTF8.self) + "\n")
  }
}

/// Where a run's data is kept, and who hears of its making.
struct DataPlace {
  let cacheFolder: String
  /// Of the run.
  let workFolder: String
  let report: (String) -> Void
  let stop: StopRequest
}
