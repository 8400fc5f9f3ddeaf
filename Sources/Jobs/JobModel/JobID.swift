/// A job's number in the store; never used again.
package struct JobID: Hashable, Comparable, Codable, Sendable, RawRepresentable, CustomStringConvertible {
  package let rawValue: Int64

  package init(rawValue: Int64) { self.rawValue = rawValue }
  package init(_ rawValue: Int64) { self.rawValue = rawValue }

  /// Reads what a user typed.
  package init?(_ text: String) {
    guard let value = Int64(text), value > 0 else { return nil }
    rawValue = value
  }

  package init(from decoder: any Decoder) throws { rawValue = try decoder.singleValueContainer().decode(Int64.self) }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }

  package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

  package var description: String { String(rawValue) }
}

/// A task's number in the store, and the name of its folder under `state/tasks`; never used again.
package struct TaskID: Hashable, Comparable, Codable, Sendable, RawRepresentable, CustomStringConvertible {
  package let rawValue: Int64

  package init(rawValue: Int64) { self.rawValue = rawValue }
  package init(_ rawValue: Int64) { self.rawValue = rawValue }

  package init(from decoder: any Decoder) throws { rawValue = try decoder.singleValueContainer().decode(Int64.self) }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }

  package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

  package var description: String { String(rawValue) }
}
