import Spelling

extension SettingsTable {
  /// The value of `key`, nil where it is not set.
  package func optional<Value: SettingsConvertible>(_ key: String, as type: Value.Type = Value.self) throws -> Value? {
    guard let value = lookUp(key) else { return nil }
    guard let converted = Value(setting: value) else {
      throw wrongType(key, value, expected: Value.expectation)
    }
    return converted
  }

  /// The value of `key`, which must be set.
  package func required<Value: SettingsConvertible>(_ key: String, as type: Value.Type = Value.self) throws -> Value {
    if let value = try optional(key, as: type) { return value }
    let near = nearest(key, among: values.keys)
    throw SettingsError(
      code: .missing, file: document.file, line: near.flatMap(line) ?? document.lines.line(of: path),
      key: LineIndex.joined(path, key),
      problem: "\"\(LineIndex.joined(path, key))\" is missing, expected \(Value.expectation)",
      hint: near.map { "\"\($0)\" is set: did you mean \"\(key)\"?" } ?? "add it")
  }

  /// The value of `key`, or `fallback` where it is not set.
  package func value<Value: SettingsConvertible>(_ key: String, default fallback: Value) throws -> Value {
    try optional(key) ?? fallback
  }

  /// The value of `key` within `range`, or `fallback` where it is not set.
  package func value<Value: SettingsConvertible & Comparable>(
    _ key: String, default fallback: Value, in range: ClosedRange<Value>
  ) throws -> Value {
    guard let value: Value = try optional(key) else { return fallback }
    return try check(key, value, range)
  }

  /// The value of `key` within `range`, which must be set.
  package func required<Value: SettingsConvertible & Comparable>(
    _ key: String, in range: ClosedRange<Value>
  ) throws -> Value {
    try check(key, try required(key, as: Value.self), range)
  }

  /// One of the names of an enumeration, or `fallback` where the key is not set.
  package func choice<Choice: RawRepresentable & CaseIterable>(
    _ key: String, default fallback: Choice
  ) throws -> Choice where Choice.RawValue == String {
    guard let name: String = try optional(key) else { return fallback }
    if let choice = Choice(rawValue: name) { return choice }
    let names = Choice.allCases.map(\.rawValue)
    throw error(
      .range, key, "\(LineIndex.joined(path, key)) is \"\(name)\", allowed: \(names.joined(separator: ", "))",
      hint: nearest(name, among: names).map { "did you mean \"\($0)\"?" } ?? "choose one of them")
  }

  /// An error about `key`, with the place of it: for rules that only the caller knows.
  package func error(_ code: SettingsError.Code, _ key: String, _ problem: String, hint: String = "") -> SettingsError {
    SettingsError(
      code: code, file: document.file, line: line(key), key: LineIndex.joined(path, key), problem: problem, hint: hint)
  }

  func line(_ key: String) -> Int? { document.lines.line(of: LineIndex.joined(path, key)) }

  func wrongType(_ key: String, _ found: SettingsValue, expected: String) -> SettingsError {
    error(.type, key, "\(LineIndex.joined(path, key)) is \(found), expected \(expected)", hint: "change its value")
  }

  private func check<Value: Comparable>(_ key: String, _ value: Value, _ range: ClosedRange<Value>) throws -> Value {
    guard !range.contains(value) else { return value }
    throw error(
      .range, key,
      "\(LineIndex.joined(path, key)) is \(value), allowed: \(range.lowerBound) to \(range.upperBound)",
      hint: value < range.lowerBound ? "raise it" : "lower it")
  }
}
