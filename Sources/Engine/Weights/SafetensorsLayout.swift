import Foundation

/// Where the tensors of a file that is to be written will lie, and its header.
struct SafetensorsLayout {
  struct Entry {
    let name: String
    let type: ScalarType
    let shape: [Int]

    var byteCount: Int { shape.reduce(type.byteCount, *) }
  }

  /// In the order of the file: wide element types first, so that every tensor is aligned, and by name among equals.
  let entries: [Entry]
  /// The header's length and its text.
  let header: Data
  /// Bytes of all tensors.
  let dataByteCount: Int

  init(_ unordered: [Entry], metadata: [String: String]) {
    entries = unordered.sorted { ($1.type.byteCount, $0.name) < ($0.type.byteCount, $1.name) }
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for entry in entries {
      let shape = entry.shape.map(String.init).joined(separator: ",")
      let offsets = "[\(offset),\(offset + entry.byteCount)]"
      members.append(
        "\(quoted(entry.name)):{\"dtype\":\"\(entry.type.rawValue)\",\"shape\":[\(shape)],\"data_offsets\":\(offsets)}")
      offset += entry.byteCount
    }
    var text = "{\(members.joined(separator: ","))}"
    text += String(repeating: " ", count: (8 - text.utf8.count % 8) % 8)
    var header = withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { Data($0) }
    header.append(contentsOf: text.utf8)
    self.header = header
    dataByteCount = offset
  }
}

/// A JSON string literal.
private func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case _ where scalar.value < 0x20:
      result += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}
