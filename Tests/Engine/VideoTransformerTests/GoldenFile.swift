import Autograd
import Foundation
import Kernels
import Tensors
import Testing
import Weights

/// A golden fixture: inputs, weights and outputs of an independent implementation, with tolerances.
final class GoldenFile {
  let file: SafetensorsFile
  private let entry: ConfigurationObject

  init(_ name: String) throws {
    let folder = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
    file = try SafetensorsFile(path: folder.appendingPathComponent("\(name).safetensors").path)
    let manifest = try ConfigurationObject(contentsOf: folder.appendingPathComponent("manifest.json"))
    entry = try #require(
      try manifest.objects("files", count: 1...100).first { try $0.string("file") == "\(name).safetensors" })
  }

  /// The model's configuration.
  func configuration() throws -> ConfigurationObject { try entry.object("config") }

  func input(_ name: String) throws -> Tensor { try file.tensor(name) }

  /// Expects `found` to differ from `CASE/out/NAME` by no more than the manifest's tolerance.
  func expect(
    _ found: Tensor, equals name: String, of caseName: String, location: SourceLocation = #_sourceLocation
  ) throws {
    let expected = try file.tensor("\(caseName)/out/\(name)")
    let golden = try #require(
      try entry.objects("cases", count: 1...100).first { try $0.string("name") == caseName })
    let tolerance = try golden.object("out").object(name).number("tol", in: 0...1)
    #expect(found.shape == expected.shape, sourceLocation: location)
    let difference = zip(found.array, expected.array).map { abs($0 - $1) }.max() ?? 0
    #expect(Double(difference) <= tolerance, "\(caseName)/\(name)", sourceLocation: location)
  }
}
