import TOMLKit

/// A value of a TOML file, copied out of the parser's memory.
package indirect enum SettingsValue: Equatable, Sendable {
  case string(String)
  case integer(Int)
  case number(Double)
  case boolean(Bool)
  case array([SettingsValue])
  case table([String: SettingsValue])
  /// A date or a time: no setting takes one, but a message can show it.
  case other(String)
}

extension SettingsValue: CustomStringConvertible {
  /// The value as a message shows it: short, strings in quotes.
  package var description: String {
    switch self {
    case .string(let text): "\"\(text)\""
    case .integer(let number): "\(number)"
    case .number(let number): "\(number)"
    case .boolean(let flag): "\(flag)"
    case .array(let elements): elements.isEmpty ? "[]" : "a list of \(elements.count)"
    case .table: "a table"
    case .other(let text): text
    }
  }
}

extension SettingsValue {
  /// Copies a parsed table; the parser's nodes live only as long as their document.
  init(_ table: TOMLTable) {
    var values: [String: SettingsValue] = [:]
    for key in table.keys {
      if let value = table[key] { values[key] = SettingsValue(value) }
    }
    self = .table(values)
  }

  private init(_ node: any TOMLValueConvertible) {
    if let text = node.string {
      self = .string(text)
    } else if let flag = node.bool {
      self = .boolean(flag)
    } else if let number = node.int {
      self = .integer(number)
    } else if let number = node.double {
      self = .number(number)
    } else if let table = node.table {
      self.init(table)
    } else if let array = node.array {
      self = .array(array.map { SettingsValue($0) })
    } else {
      self = .other(node.debugDescription)
    }
  }
}
