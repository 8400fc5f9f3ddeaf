import Foundation
import Tensors

/// A safetensors file to be: named tensors and metadata. The same content always gives the same bytes.
package struct SafetensorsDocument {
  /// The `__metadata__` map; absent from the file when empty.
  package var metadata: [String: String] = [:]
  private var entries: [String: Entry] = [:]

  private struct Entry {
    let type: ScalarType
    let shape: [Int]
    let bytes: Data
  }

  package init(metadata: [String: String] = [:]) { self.metadata = metadata }

  /// Adds a tensor, its values rounded to `type` (to nearest, ties to even).
  ///
  /// - Precondition: `type` is F32, F16 or BF16.
  package mutating func add(_ name: String, _ tensor: Tensor, as type: ScalarType = .float32) {
    precondition(type.widensToFloat32, "a float32 tensor cannot be stored as \(type.rawValue)")
    let values = tensor.values
    let bytes: Data =
      withExtendedLifetime(tensor) {
        switch type {
        case .float16: Self.littleEndian(values.lazy.map { Float16($0).bitPattern })
        case .bfloat16: Self.littleEndian(values.lazy.map { bfloat16Bits($0) })
        default: Data(UnsafeRawBufferPointer(values))
        }
      }
    entries[name] = Entry(type: type, shape: tensor.shape, bytes: bytes)
  }

  /// Adds an I64 tensor.
  package mutating func add(_ name: String, integers: [Int], shape: [Int]) {
    precondition(integers.count == shape.reduce(1, *), "\(integers.count) values for shape \(shape)")
    entries[name] = Entry(type: .int64, shape: shape, bytes: Self.littleEndian(integers.lazy.map { Int64($0) }))
  }

  /// Adds an F64 tensor.
  package mutating func add(_ name: String, doubles: [Double], shape: [Int]) {
    precondition(doubles.count == shape.reduce(1, *), "\(doubles.count) values for shape \(shape)")
    entries[name] = Entry(type: .float64, shape: shape, bytes: Self.littleEndian(doubles.lazy.map(\.bitPattern)))
  }

  /// Adds a U8 tensor.
  package mutating func add(_ name: String, bytes: [UInt8], shape: [Int]) {
    precondition(bytes.count == shape.reduce(1, *), "\(bytes.count) values for shape \(shape)")
    entries[name] = Entry(type: .uint8, shape: shape, bytes: Data(bytes))
  }

  /// The file's bytes: wide element types first, so that every tensor is aligned, and by name among equals.
  package func data() -> Data {
    let ordered = entries.sorted { ($1.value.type.byteCount, $0.key) < ($0.value.type.byteCount, $1.key) }
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for (name, entry) in ordered {
      let shape = entry.shape.map(String.init).joined(separator: ",")
      let offsets = "[\(offset),\(offset + entry.bytes.count)]"
      members.append(
        "\(quoted(name)):{\"dtype\":\"\(entry.type.rawValue)\",\"shape\":[\(shape)],\"data_offsets\":\(offsets)}")
      offset += entry.bytes.count
    }
    var header = "{\(members.joined(separator: ","))}"
    header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    var result = Data(capacity: 8 + header.utf8.count + offset)
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { result.append(contentsOf: $0) }
    result.append(contentsOf: header.utf8)
    for (_, entry) in ordered { result.append(entry.bytes) }
    return result
  }

  private static func littleEndian<T: FixedWidthInteger>(_ values: some Sequence<T>) -> Data {
    let words = values.map(\.littleEndian)
    return words.withUnsafeBytes { Data($0) }
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
