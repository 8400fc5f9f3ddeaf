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
  package mutating func add(_ name: String, _ tensor: Tensor, as type: FloatType = .float32) {
    entries[name] = Entry(type: ScalarType(type), shape: tensor.shape, bytes: tensor.bytes(as: type))
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

  /// The file's bytes.
  package func data() -> Data {
    let layout = SafetensorsLayout(
      entries.map { SafetensorsLayout.Entry(name: $0, type: $1.type, shape: $1.shape) }, metadata: metadata)
    var result = layout.header
    result.reserveCapacity(result.count + layout.dataByteCount)
    for entry in layout.entries { result.append(entries[entry.name]?.bytes ?? Data()) }
    return result
  }

  private static func littleEndian<T: FixedWidthInteger>(_ values: some Sequence<T>) -> Data {
    let words = values.map(\.littleEndian)
    return words.withUnsafeBytes { Data($0) }
  }
}

extension Tensor {
  /// The values as a file holds them: rounded to `type`, little endian.
  func bytes(as type: FloatType) -> Data {
    withExtendedLifetime(self) {
      switch type {
      case .float32: Data(UnsafeRawBufferPointer(values))
      case .float16: Self.bytes(values) { Float16($0).bitPattern }
      case .bfloat16: Self.bytes(values, bfloat16Bits)
      }
    }
  }

  private static func bytes(_ values: UnsafeBufferPointer<Float>, _ bits: (Float) -> UInt16) -> Data {
    let words = [UInt16](unsafeUninitializedCapacity: values.count) { words, count in
      for index in values.indices { words[index] = bits(values[index]).littleEndian }
      count = values.count
    }
    return words.withUnsafeBytes { Data($0) }
  }
}
