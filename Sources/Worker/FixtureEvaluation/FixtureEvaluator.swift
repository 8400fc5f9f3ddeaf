import DurableFiles
import Foundation
import Kernels
import Weights

/// Recomputes golden fixtures with the engine, so that anyone can compare it with another implementation of
/// `model.md`.
package struct FixtureEvaluator {
  let fixtures: URL
  private let out: URL
  let device: ComputeDevice

  /// - Parameters:
  ///   - fixtures: a folder with `manifest.json`.
  ///   - out: the folder for recomputed files; made if need be.
  package init(fixtures: URL, out: URL, device: ComputeDevice) {
    self.fixtures = fixtures
    self.out = out
    self.device = device
  }

  /// Recomputes every file of the manifest.
  ///
  /// - Parameter report: told a line for each tensor: file, name, largest difference, tolerance, verdict.
  /// - Returns: whether all are within their tolerances.
  /// - Throws: if the manifest cannot be read or nothing can be written.
  package func run(report: (String) -> Void) throws -> Bool {
    try DurableFile.makeFolder(out.path)
    let manifest = try ConfigurationObject(contentsOf: fixtures.appending(path: "manifest.json"))
    var isGood = true
    for entry in try manifest.objects("files", count: 0...10_000) {
      let name = try entry.string("file")
      do {
        let file = try FixtureFile(entry, folder: fixtures)
        isGood = try evaluate(file, report: report) && isGood
      } catch {
        report("\(name): \(error)")
        isGood = false
      }
    }
    guard FileManager.default.fileExists(atPath: fixtures.appending(path: "tokenizer.json").path) else { return isGood }
    return try evaluateTokenizer(out: out, report: report) && isGood
  }

  private func evaluate(_ file: FixtureFile, report: (String) -> Void) throws -> Bool {
    let recomputed = try recompute(file)
    try recomputed.document(file.expectedNames, like: file.tensors).write(to: out.appending(path: file.name).path)
    var isGood = true
    for name in file.expectedNames {
      let difference = try recomputed.largestDifference(name, from: file.tensors)
      let tolerance = try file.tolerance(name)
      let verdict = recomputed[name] == nil ? "MISSING" : difference <= tolerance ? "ok" : "OVER"
      report("\(file.name) \(name): \(brief(difference)) of \(brief(tolerance)) \(verdict)")
      isGood = isGood && difference <= tolerance
    }
    return isGood
  }

  private func recompute(_ file: FixtureFile) throws -> Recomputed {
    switch file.kind {
    case "rng": try recomputeNoise(file)
    case "schedule": try recomputeSchedule(file)
    case "t5": try recomputeText(file)
    case "ae": try recomputeAutoencoder(file)
    case "walt": try recomputeDenoiser(file)
    case "aspect": try recomputeAspect(file)
    case "sample": try recomputeSampling(file)
    case "train_loss": try recomputeLoss(file)
    case "cascade": try recomputeCascade(file)
    default:
      throw WeightsError(.invalidValue, "\"\(file.name)\": kind is \"\(file.kind)\", which this version does not know")
    }
  }

  private func brief(_ value: Double) -> String { String(format: "%.2g", value) }
}
