import DurableFiles
import Spelling
import Tensors

/// An open safetensors file: names, shapes and values, read from a memory map when they are asked for.
package final class SafetensorsFile: Sendable {
  /// The file's path, for messages.
  package let path: String
  /// The `__metadata__` map.
  package let metadata: [String: String]
  private let entries: [String: SafetensorsHeader.Entry]
  private let map: MappedFile

  /// Opens and checks the whole header; the values are not read yet.
  ///
  /// - Throws: `WeightsError` if the file cannot be read or contradicts itself.
  package init(path: String) throws {
    self.path = path
    do {
      map = try MappedFile(path)
    } catch {
      throw WeightsError(.unreadable, "load weights: \(error)")
    }
    do {
      let header = try SafetensorsHeader(file: map.bytes)
      entries = header.entries
      metadata = header.metadata
    } catch {
      throw WeightsError(
        .malformed, "load weights \"\(path)\": \(error.problem); is the file damaged, or not safetensors?")
    }
  }

  /// The tensors' names, sorted.
  package var names: [String] { entries.keys.sorted() }

  package func contains(_ name: String) -> Bool { entries[name] != nil }

  package func shape(of name: String) throws -> [Int] { try entry(name).shape }

  package func type(of name: String) throws -> ScalarType { try entry(name).type }

  /// A tensor of float32, float16 or bfloat16 values, to be read when it is needed.
  package func stored(_ name: String) throws -> StoredTensor {
    let entry = try entry(name)
    guard let type = entry.type.floatType else { throw wrongType(name, entry, "F32, F16 or BF16") }
    return StoredTensor(shape: entry.shape, type: type, map: map, bytes: entry.bytes)
  }

  /// A tensor of float32, float16 or bfloat16 values, widened to float32.
  package func tensor(_ name: String) throws -> Tensor { try stored(name).widened() }

  /// The values of an F64 tensor.
  package func doubles(_ name: String) throws -> [Double] {
    let entry = try entry(name)
    guard entry.type == .float64 else { throw wrongType(name, entry, "F64") }
    return (0..<(entry.bytes.count / 8)).map {
      Double(bitPattern: map.bytes.loadUnaligned(fromByteOffset: entry.bytes.lowerBound + 8 * $0, as: UInt64.self))
    }
  }

  /// The values of an I64 or U8 tensor.
  package func integers(_ name: String) throws -> [Int] {
    let entry = try entry(name)
    switch entry.type {
    case .int64:
      return (0..<(entry.bytes.count / 8)).map {
        Int(map.bytes.loadUnaligned(fromByteOffset: entry.bytes.lowerBound + 8 * $0, as: Int64.self))
      }
    case .uint8: return map.bytes[entry.bytes].map { Int($0) }
    default: throw wrongType(name, entry, "I64 or U8")
    }
  }

  /// The bytes of a U8 tensor.
  package func bytes(_ name: String) throws -> [UInt8] {
    let entry = try entry(name)
    guard entry.type == .uint8 else { throw wrongType(name, entry, "U8") }
    return Array(map.bytes[entry.bytes])
  }

  /// Lends the bytes of a U8 tensor, read as they are touched, to `body`.
  package func withBytes<Result>(_ name: String, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    let entry = try entry(name)
    guard entry.type == .uint8 else { throw wrongType(name, entry, "U8") }
    return try map.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[entry.bytes])) }
  }

  private func entry(_ name: String) throws -> SafetensorsHeader.Entry {
    guard let entry = entries[name] else {
      let hint = nearest(name, among: entries.keys).map { ", the nearest name in it is \"\($0)\"" } ?? ""
      throw WeightsError(.missingTensor, "load weights \"\(path)\": it has no tensor \"\(name)\"\(hint)")
    }
    return entry
  }

  private func wrongType(_ name: String, _ entry: SafetensorsHeader.Entry, _ expected: String) -> WeightsError {
    WeightsError(.wrongType, "load weights \"\(path)\": \(name) is \(entry.type.rawValue), expected \(expected)")
  }
}
