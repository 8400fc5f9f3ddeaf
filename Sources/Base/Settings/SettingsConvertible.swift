/// A type that a setting can have.
package protocol SettingsConvertible: Sendable {
  /// What the value should look like, for messages: "a whole number", "a duration as \"2 s\"".
  static var expectation: String { get }
  /// Nil where the value is of another kind.
  init?(setting: SettingsValue)
}

extension String: SettingsConvertible {
  package static var expectation: String { "a text in quotes" }
  package init?(setting: SettingsValue) {
    guard case .string(let text) = setting else { return nil }
    self = text
  }
}

extension Int: SettingsConvertible {
  package static var expectation: String { "a whole number" }
  package init?(setting: SettingsValue) {
    guard case .integer(let number) = setting else { return nil }
    self = number
  }
}

extension Double: SettingsConvertible {
  package static var expectation: String { "a number" }
  package init?(setting: SettingsValue) {
    switch setting {
    case .integer(let number): self = Double(number)
    case .number(let number) where number.isFinite: self = number
    default: return nil
    }
  }
}

extension Float: SettingsConvertible {
  package static var expectation: String { Double.expectation }
  package init?(setting: SettingsValue) {
    guard let number = Double(setting: setting) else { return nil }
    self = Float(number)
  }
}

extension Bool: SettingsConvertible {
  package static var expectation: String { "true or false" }
  package init?(setting: SettingsValue) {
    guard case .boolean(let flag) = setting else { return nil }
    self = flag
  }
}

extension Array: SettingsConvertible where Element: SettingsConvertible {
  package static var expectation: String { "a list, each element \(Element.expectation)" }
  package init?(setting: SettingsValue) {
    guard case .array(let elements) = setting else { return nil }
    var values: [Element] = []
    for element in elements {
      guard let value = Element(setting: element) else { return nil }
      values.append(value)
    }
    self = values
  }
}

extension Duration: SettingsConvertible {
  package static var expectation: String { "a duration as \"500 ms\", \"2 s\", \"5 min\" or \"1 h\"" }

  package init?(setting: SettingsValue) {
    guard case .string(let text) = setting, let (number, unit) = quantity(text) else { return nil }
    let seconds: Double
    switch unit {
    case "ms": seconds = number / 1000
    case "s": seconds = number
    case "min": seconds = number * 60
    case "h": seconds = number * 3600
    case "d": seconds = number * 86400
    default: return nil
    }
    guard seconds < 1e10 else { return nil }
    self = .milliseconds(Int64((seconds * 1000).rounded()))
  }
}

/// A size in bytes, written as "4 GiB".
package struct ByteCount: SettingsConvertible, Hashable, Comparable {
  package static var expectation: String { "a size as \"512 MiB\" or \"4 GiB\"" }

  package let bytes: Int

  package init(_ bytes: Int) { self.bytes = bytes }
  package static func kibibytes(_ count: Int) -> ByteCount { ByteCount(count << 10) }
  package static func mebibytes(_ count: Int) -> ByteCount { ByteCount(count << 20) }
  package static func gibibytes(_ count: Int) -> ByteCount { ByteCount(count << 30) }
  package static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }

  package init?(setting: SettingsValue) {
    guard case .string(let text) = setting, let (number, unit) = quantity(text) else { return nil }
    let powers = [
      "B": 1, "KiB": 0x1p10, "MiB": 0x1p20, "GiB": 0x1p30, "TiB": 0x1p40,
      "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
    ]
    guard let power = powers[unit], number * power < 0x1p62 else { return nil }
    bytes = Int((number * power).rounded())
  }
}

extension ByteCount: CustomStringConvertible {
  /// As it would be written in a settings file: the largest unit that keeps it whole or to one decimal.
  package var description: String {
    var value = Double(bytes)
    for unit in ["B", "KiB", "MiB", "GiB"] {
      if value < 1024 { return "\(Self.short(value)) \(unit)" }
      value /= 1024
    }
    return "\(Self.short(value)) TiB"
  }

  private static func short(_ value: Double) -> String {
    let tenths = (value * 10).rounded() / 10
    return tenths == tenths.rounded() ? "\(Int(tenths))" : "\(tenths)"
  }
}

/// Splits "1.5 GiB" into a number that is not negative and a unit.
private func quantity(_ text: String) -> (number: Double, unit: String)? {
  let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
  let unit = text.dropFirst(digits.count).drop { $0 == " " }
  guard let number = Double(digits), number.isFinite, !unit.isEmpty else { return nil }
  return (number, String(unit))
}
