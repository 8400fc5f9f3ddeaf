import Foundation
import Spelling

/// One JSON object of a model's configuration, read strictly: every key must be read by someone, once `finish` is
/// called; every error names the file and the key.
///
/// Reading is through the typed accessors; each remembers its key as a known one.
package final class ConfigurationObject {
  private let file: String
  private let path: String
  private let members: [String: JSONValue]
  private var known: Set<String> = []

  /// Reads `file`, which must hold one JSON object.
  package convenience init(contentsOf file: URL) throws {
    guard let data = try? Data(contentsOf: file) else {
      throw WeightsError(.unreadable, "read configuration \"\(file.path)\": the file cannot be read; is it there?")
    }
    try self.init(json: data, file: file.path)
  }

  /// - Parameter file: the name for messages.
  package convenience init(json: Data, file: String) throws {
    let value: JSONValue
    do {
      value = try json.withUnsafeBytes { bytes throws(JSONSyntaxError) in try JSONParser.parse(bytes) }
    } catch let error as JSONSyntaxError {
      throw WeightsError(.malformed, "\(file):\(error.line):\(error.column): not JSON, \(error.problem)")
    }
    guard case .object(let members) = value else {
      throw WeightsError(.malformed, "\(file): holds \(value.kind), expected an object")
    }
    self.init(file: file, path: "", members: members)
  }

  private init(file: String, path: String, members: [String: JSONValue]) {
    self.file = file
    self.path = path
    self.members = members
  }

  /// All keys of the object, sorted.
  package var keys: [String] { members.keys.sorted() }

  /// Whether the file has the key, be it null.
  package func has(_ key: String) -> Bool { members[key] != nil }

  /// An error about `key` in the form of all of them.
  package func error(_ code: WeightsError.Code, _ key: String, _ problem: String) -> WeightsError {
    WeightsError(code, "\(file): \(path)\(key) \(problem)")
  }

  /// Accepts keys without looking at them: those of another program's format that do not concern walt.
  package func ignoreOthers() { known.formUnion(members.keys) }

  /// Refuses keys that were never read, naming the nearest known one.
  package func finish() throws {
    for key in members.keys.sorted() where !known.contains(key) {
      let hint = nearest(key, among: known).map { "did you mean \"\($0)\"?" }
      throw error(
        .unknownKey, key, "is not a known key; \(hint ?? "known are \(known.sorted().joined(separator: ", "))")")
    }
  }

  /// The value of a key, nil if absent, and the key known from now on.
  private func value(_ key: String) -> JSONValue? {
    known.insert(key)
    return members[key]
  }

  private func required<T>(_ key: String, _ value: T?) throws -> T {
    guard let value else { throw error(.missingKey, key, "is missing") }
    return value
  }

  private func wrong(_ key: String, _ value: JSONValue, _ expected: String) -> WeightsError {
    error(.invalidValue, key, "is \(value.kind), expected \(expected)")
  }
}

extension ConfigurationObject {
  package func optionalInteger(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let value = value(key) else { return nil }
    guard case .integer(let integer) = value else { throw wrong(key, value, "an integer") }
    guard integer >= Int64(range.lowerBound), integer <= Int64(range.upperBound) else {
      throw error(.invalidValue, key, "is \(integer), allowed are \(range.lowerBound) to \(range.upperBound)")
    }
    return Int(integer)
  }

  package func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int {
    try required(key, optionalInteger(key, in: range))
  }

  package func optionalNumber(_ key: String, in range: ClosedRange<Double>) throws -> Double? {
    guard let value = value(key) else { return nil }
    let number: Double
    switch value {
    case .integer(let integer): number = Double(integer)
    case .number(let double): number = double
    default: throw wrong(key, value, "a number")
    }
    guard range.contains(number) else {
      throw error(.invalidValue, key, "is \(number), allowed are \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  package func number(_ key: String, in range: ClosedRange<Double>) throws -> Double {
    try required(key, optionalNumber(key, in: range))
  }

  package func optionalBool(_ key: String) throws -> Bool? {
    guard let value = value(key) else { return nil }
    guard case .bool(let bool) = value else { throw wrong(key, value, "true or false") }
    return bool
  }

  package func bool(_ key: String) throws -> Bool { try required(key, optionalBool(key)) }

  package func optionalString(_ key: String) throws -> String? {
    guard let value = value(key) else { return nil }
    guard case .string(let string) = value else { throw wrong(key, value, "a string") }
    return string
  }

  package func string(_ key: String) throws -> String { try required(key, optionalString(key)) }

  /// One of the raw values of an enumeration.
  package func choice<T: RawRepresentable & CaseIterable>(_ key: String) throws -> T where T.RawValue == String {
    let string = try string(key)
    guard let choice = T(rawValue: string) else {
      let allowed = T.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
      throw error(.invalidValue, key, "is \"\(string)\", allowed are \(allowed)")
    }
    return choice
  }

  /// Refuses a file of another kind of model.
  package func requireType(_ type: String) throws {
    let found = try string("type")
    guard found == type else { throw error(.invalidValue, "type", "is \"\(found)\", expected \"\(type)\"") }
  }

  package func integers(_ key: String, count: ClosedRange<Int>, in range: ClosedRange<Int>) throws -> [Int] {
    try array(key, count: count) { value in
      guard case .integer(let integer) = value else { throw wrong(key, value, "integers") }
      guard integer >= Int64(range.lowerBound), integer <= Int64(range.upperBound) else {
        throw error(.invalidValue, key, "holds \(integer), allowed are \(range.lowerBound) to \(range.upperBound)")
      }
      return Int(integer)
    }
  }

  package func bools(_ key: String, count: ClosedRange<Int>) throws -> [Bool] {
    try array(key, count: count) { value in
      guard case .bool(let bool) = value else { throw wrong(key, value, "true or false") }
      return bool
    }
  }

  package func optionalObject(_ key: String) throws -> ConfigurationObject? {
    guard let value = value(key) else { return nil }
    guard case .object(let members) = value else { throw wrong(key, value, "an object") }
    return ConfigurationObject(file: file, path: "\(path)\(key).", members: members)
  }

  package func object(_ key: String) throws -> ConfigurationObject { try required(key, optionalObject(key)) }

  package func optionalObjects(_ key: String, count: ClosedRange<Int>) throws -> [ConfigurationObject]? {
    guard has(key) else {
      known.insert(key)
      return nil
    }
    var index = 0
    return try array(key, count: count) { value in
      guard case .object(let members) = value else { throw wrong(key, value, "objects") }
      defer { index += 1 }
      return ConfigurationObject(file: file, path: "\(path)\(key)[\(index)].", members: members)
    }
  }

  package func objects(_ key: String, count: ClosedRange<Int>) throws -> [ConfigurationObject] {
    try required(key, optionalObjects(key, count: count))
  }

  private func array<T>(_ key: String, count: ClosedRange<Int>, _ element: (JSONValue) throws -> T) throws -> [T] {
    let value = try required(key, value(key))
    guard case .array(let elements) = value else { throw wrong(key, value, "an array") }
    guard count.contains(elements.count) else {
      let allowed = count.count == 1 ? "\(count.lowerBound)" : "\(count.lowerBound) to \(count.upperBound)"
      throw error(.invalidValue, key, "has \(elements.count) elements, allowed are \(allowed)")
    }
    return try elements.map(element)
  }
}
