import Foundation
import Layers
import Tensors
import Weights

/// One file of golden values: weights `w/…`, inputs `CASE/in/…`, outputs `CASE/out/…`, and what the manifest says of it.
struct FixtureFile {
  let folder: URL
  let name: String
  let kind: String
  let cases: [FixtureCase]
  let tensors: SafetensorsFile
  private let entry: ConfigurationObject

  /// - Parameter entry: the file's object in `manifest.json`.
  init(_ entry: ConfigurationObject, folder: URL) throws {
    self.entry = entry
    self.folder = folder
    name = try entry.string("file")
    kind = try entry.string("kind")
    cases = try entry.objects("cases", count: 0...10_000).map(FixtureCase.init)
    tensors = try SafetensorsFile(path: folder.appending(path: name).path)
  }

  /// The model's configuration.
  func configuration() throws -> ConfigurationObject { try entry.object("config") }

  /// What the manifest says beyond the cases.
  var details: ConfigurationObject { entry }

  /// The file's own weights.
  func store(
    _ specifications: [ParameterSpecification], ignoring: (String) -> Bool = { _ in false }
  ) throws -> ParameterStore {
    try ParameterStore(loading: [tensors], specifications: specifications, prefix: "w/", ignoring: ignoring)
  }

  /// Input `input` of a case, nil if it has none of this name.
  func optional(_ golden: FixtureCase, _ input: String) throws -> Tensor? {
    has(golden, input) ? try self.input(golden, input) : nil
  }

  func input(_ golden: FixtureCase, _ input: String) throws -> Tensor {
    try tensors.tensor("\(golden.name)/in/\(input)")
  }

  /// An input that must have this shape.
  ///
  /// - Parameter shape: nil stands for any number but 0.
  func input(_ golden: FixtureCase, _ input: String, shape: [Int?]) throws -> Tensor {
    let name = "\(golden.name)/in/\(input)"
    let found = try tensors.shape(of: name)
    guard found.count == shape.count, zip(found, shape).allSatisfy({ $0 == $1 ?? max(1, $0) }) else {
      let expected = shape.map { $0.map(String.init) ?? "any" }.joined(separator: ", ")
      throw error("\(name) is \(found), expected [\(expected)]", code: .wrongShape)
    }
    return try tensors.tensor(name)
  }

  func optional(_ golden: FixtureCase, _ input: String, shape: [Int?]) throws -> Tensor? {
    has(golden, input) ? try self.input(golden, input, shape: shape) : nil
  }

  /// Numbers of either kind, timesteps for example.
  func optionalNumbers(_ golden: FixtureCase, _ input: String) throws -> [Double]? {
    let name = "\(golden.name)/in/\(input)"
    guard tensors.contains(name) else { return nil }
    return try tensors.type(of: name) == .int64
      ? tensors.integers(name).map(Double.init) : tensors.tensor(name).array.map(Double.init)
  }

  func has(_ golden: FixtureCase, _ input: String) -> Bool { tensors.contains("\(golden.name)/in/\(input)") }

  /// An error about this file in the form of all of them.
  func error(_ problem: String, code: WeightsError.Code = .invalidValue) -> WeightsError {
    WeightsError(code, "\"\(name)\": \(problem)")
  }

  func optionalIntegers(_ golden: FixtureCase, _ input: String) throws -> [Int]? {
    has(golden, input) ? try integers(golden, input) : nil
  }

  func integers(_ golden: FixtureCase, _ input: String) throws -> [Int] {
    try tensors.integers("\(golden.name)/in/\(input)")
  }

  /// Names of all that is to be recomputed: neither weights nor inputs, nor parts that only the tests look at.
  var expectedNames: [String] {
    tensors.names.filter { !$0.hasPrefix("w/") && !$0.contains("/in/") && !$0.hasPrefix("module_") }
  }

  /// The largest difference that is allowed.
  func tolerance(_ name: String) throws -> Double {
    let parts = name.components(separatedBy: "/out/")
    if parts.count == 2, let golden = cases.first(where: { $0.name == parts[0] }),
      let tolerance = try golden.tolerance(parts[1])
    {
      return tolerance
    }
    switch try tensors.type(of: name) {
    case .float64: return 1e-12
    case .uint8: return 1
    case .int64: return 0
    default: return 1e-6
    }
  }
}

/// One case of a fixture file.
struct FixtureCase {
  let name: String
  let arguments: ConfigurationObject
  private let outputs: ConfigurationObject

  init(_ object: ConfigurationObject) throws {
    name = try object.string("name")
    arguments = try object.object("args")
    outputs = try object.object("out")
  }

  func tolerance(_ output: String) throws -> Double? {
    try outputs.optionalObject(output)?.optionalNumber("tol", in: 0...1000)
  }

  /// A 64-bit seed, which the manifest writes as a decimal string.
  func seed() throws -> UInt64 { try arguments.seed("seed") }
}

extension ConfigurationObject {
  func seed(_ key: String) throws -> UInt64 {
    let text = try string(key)
    guard let seed = UInt64(text) else { throw error(.invalidValue, key, "is \"\(text)\", expected a 64-bit number") }
    return seed
  }
}
