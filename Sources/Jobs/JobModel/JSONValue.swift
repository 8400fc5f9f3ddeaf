/// A JSON value whose object members keep their order and whose numbers keep their text, so that what was read is
/// written again as it was and the same value always gives the same bytes.
package indirect enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  /// The number as it is written in JSON.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([Member])

  /// One name and value of an object.
  package struct Member: Equatable, Sendable {
    package let key: String
    package let value: JSONValue

    package init(_ key: String, _ value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  package static func integer(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }

  /// The shortest decimal that reads back as `value`; a whole number has no fraction.
  ///
  /// - Precondition: `value` is finite, for JSON has no word for the rest.
  package static func real(_ value: Double) -> JSONValue {
    precondition(value.isFinite, "JSON has no number for \(value)")
    if value.rounded() == value, abs(value) < 1e15 { return .number(String(Int64(value))) }
    return .number(String(value))
  }

  /// The member called `key`; nil where this is no object or has no such member.
  package subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  package var stringValue: String? {
    if case .string(let text) = self { return text }
    return nil
  }

  package var arrayValue: [JSONValue]? {
    if case .array(let values) = self { return values }
    return nil
  }

  /// The whole number that this is (`17`, `17.0`, `1e3`), where it is one that 64 bits hold.
  package var integerValue: Int64? {
    guard case .number(let text) = self else { return nil }
    return Int64(text) ?? Self.whole(text)
  }

  /// A number with a fraction or an exponent that is whole all the same, without going through a rounded one.
  private static func whole(_ text: String) -> Int64? {
    let parts = text.lowercased().split(separator: "e", maxSplits: 1)
    let mantissa = parts[0].split(separator: ".", maxSplits: 1)
    guard let exponent = parts.count == 2 ? Int(parts[1]) : 0 else { return nil }
    let fraction = mantissa.count == 2 ? mantissa[1] : ""
    let digits = mantissa[0] + fraction
    if digits.allSatisfy({ "-0".contains($0) }) { return 0 }
    let shift = exponent - fraction.count
    if shift >= 0 { return shift < 20 ? Int64(digits + String(repeating: "0", count: shift)) : nil }
    guard -shift < digits.count, digits.suffix(-shift).allSatisfy({ $0 == "0" }) else { return nil }
    return Int64(digits.dropLast(-shift))
  }

  package var doubleValue: Double? {
    guard case .number(let text) = self, let value = Double(text), value.isFinite else { return nil }
    return value
  }

  package var boolValue: Bool? {
    if case .bool(let value) = self { return value }
    return nil
  }

  /// "a number", "an object", …, for messages.
  package var kind: String {
    switch self {
    case .null: "null"
    case .bool: "true or false"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(integerLiteral value: Int) { self = .integer(value) }
  /// Keeps the order of the literal.
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map { Member($0.0, $0.1) })
  }
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
}
