import Tensors
import Weights

/// Values that the engine computed, under the names of the golden ones.
struct Recomputed {
  enum Values {
    case floats([Float])
    case doubles([Double])
    case integers([Int])
    case bytes([UInt8])

    var doubles: [Double] {
      switch self {
      case .floats(let values): values.map(Double.init)
      case .doubles(let values): values
      case .integers(let values): values.map(Double.init)
      case .bytes(let values): values.map(Double.init)
      }
    }
  }

  private(set) var values: [String: Values] = [:]

  subscript(name: String) -> Values? {
    get { values[name] }
    set { values[name] = newValue }
  }

  /// Adds an output of a case.
  mutating func add(_ golden: FixtureCase, _ output: String, _ tensor: Tensor) {
    values["\(golden.name)/out/\(output)"] = .floats(tensor.array)
  }

  mutating func add(_ golden: FixtureCase, _ output: String, bytes: [UInt8]) {
    values["\(golden.name)/out/\(output)"] = .bytes(bytes)
  }

  /// The file's content: those of `names` that were recomputed, with the golden ones' shapes.
  func document(_ names: [String], like golden: SafetensorsFile) throws -> SafetensorsDocument {
    var document = SafetensorsDocument()
    for name in names {
      guard let found = values[name] else { continue }
      let shape = try golden.shape(of: name)
      guard found.doubles.count == shape.reduce(1, *) else { continue }
      switch found {
      case .floats(let values): document.add(name, Tensor(values, shape: shape))
      case .doubles(let values): document.add(name, doubles: values, shape: shape)
      case .integers(let values): document.add(name, integers: values, shape: shape)
      case .bytes(let values): document.add(name, bytes: values, shape: shape)
      }
    }
    return document
  }

  /// The largest difference from the golden values; infinite where there are other numbers of them, or none.
  func largestDifference(_ name: String, from golden: SafetensorsFile) throws -> Double {
    let expected: [Double] =
      switch try golden.type(of: name) {
      case .float64: try golden.doubles(name)
      case .int64, .uint8: try golden.integers(name).map(Double.init)
      default: try golden.tensor(name).array.map(Double.init)
      }
    guard let found = values[name]?.doubles, found.count == expected.count else { return .infinity }
    // NaN is never close.
    return zip(found, expected).reduce(0) { max($0, $1.0 == $1.1 ? 0 : $1.0.isNaN ? .infinity : abs($1.0 - $1.1)) }
  }
}
