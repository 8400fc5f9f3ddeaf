extension JSONValue {
  /// How a document is laid out: on one line, or a line a member with two spaces a level.
  package enum Layout: Sendable { case line, indented }

  /// The JSON text, without a line end after it. Equal values give equal text.
  package func text(_ layout: Layout = .line) -> String {
    var bytes: [UInt8] = []
    write(to: &bytes, layout: layout, depth: 0)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The same value with the members of every object in the order of their keys' UTF-8 bytes.
  package var sorted: JSONValue {
    switch self {
    case .array(let values): .array(values.map(\.sorted))
    case .object(let members):
      .object(
        members.map { Member($0.key, $0.value.sorted) }
          .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) })
    default: self
    }
  }

  private func write(to bytes: inout [UInt8], layout: Layout, depth: Int) {
    switch self {
    case .null: bytes += "null".utf8
    case .bool(let value): bytes += (value ? "true" : "false").utf8
    case .number(let text): bytes += text.utf8
    case .string(let text): Self.write(text, to: &bytes)
    case .array(let values):
      // Arrays of plain values stay on one line: they are lists of seeds and steps.
      let isFlat = !values.contains { if case .object = $0 { true } else if case .array = $0 { true } else { false } }
      Self.write(values, "[", "]", to: &bytes, layout: isFlat ? .line : layout, depth: depth) { value, bytes in
        value.write(to: &bytes, layout: layout, depth: depth + 1)
      }
    case .object(let members):
      Self.write(members, "{", "}", to: &bytes, layout: layout, depth: depth) { member, bytes in
        Self.write(member.key, to: &bytes)
        bytes += ": ".utf8
        member.value.write(to: &bytes, layout: layout, depth: depth + 1)
      }
    }
  }

  private static func write<Element>(
    _ elements: [Element], _ open: String, _ close: String, to bytes: inout [UInt8], layout: Layout, depth: Int,
    each: (Element, inout [UInt8]) -> Void
  ) {
    bytes += open.utf8
    for (index, element) in elements.enumerated() {
      if index > 0 { bytes += (layout == .line ? ", " : ",").utf8 }
      if layout == .indented { indent(&bytes, depth + 1) }
      each(element, &bytes)
    }
    if layout == .indented, !elements.isEmpty { indent(&bytes, depth) }
    bytes += close.utf8
  }

  private static func indent(_ bytes: inout [UInt8], _ depth: Int) {
    bytes.append(UInt8(ascii: "\n"))
    bytes += repeatElement(UInt8(ascii: " "), count: 2 * depth)
  }

  private static func write(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): bytes += "\\\"".utf8
      case UInt8(ascii: "\\"): bytes += "\\\\".utf8
      case UInt8(ascii: "\n"): bytes += "\\n".utf8
      case UInt8(ascii: "\r"): bytes += "\\r".utf8
      case UInt8(ascii: "\t"): bytes += "\\t".utf8
      case 0..<32, 127:
        let digits = String(byte, radix: 16)
        bytes += ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
