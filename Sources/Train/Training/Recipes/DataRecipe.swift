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
  ///
  /// - Parameter usesClasses: whether a model is told the classes, which must then be the same in both data sets.
  init(_ recipe: DataRecipe, shorterSides: [Int], usesClasses: Bool = false, place: DataPlace) throws {
    let listings = (train: try MediaListing(path: recipe.train), held: try MediaListing(path: recipe.held))
    if usesClasses { try Self.compareClasses(listings.train, listings.held, recipe) }
    func decoded(_ listing: MediaListing) throws -> MediaSet {
      try MediaSet(
        listing,
        MediaSet.Options(
          shorterSides: shorterSides, framesPerSecond: recipe.framesPerSecond,
          cacheFolder: place.cacheFolder + "/frames"),
        report: place.report, shouldStop: { place.stop.isStopping })
    }
    train = try decoded(listings.train)
    held = try decoded(listings.held)
    let skipped = train.skipped + held.skipped
    for file in skipped { place.report("skips \(file.file): \(file.reason)") }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try DurableFile.makeFolder(place.workFolder)
    try DurableFile.replace(
      place.workFolder + "/skipped.json", with: String(decoding: try encoder.encode(skipped), as: UTF8.self) + "\n")
  }

  /// Refuses class folders that would be numbered differently in the two data sets.
  private static func compareClasses(_ train: MediaListing, _ held: MediaListing, _ recipe: DataRecipe) throws {
    guard !train.classNames.isEmpty, !held.classNames.isEmpty, train.classNames != held.classNames else { return }
    let odd = Set(train.classNames).symmetricDifference(held.classNames).sorted()
    throw TrainingError(
      .recipe,
      "read the recipe: \"\(recipe.train)\" has \(train.classNames.count) class folders, \"\(recipe.held)\" has "
        + "\(held.classNames.count), and only one of them has \"\(odd[0])\", so that their numbers differ; give both "
        + "the same folders, or name classes in metadata.jsonl")
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
