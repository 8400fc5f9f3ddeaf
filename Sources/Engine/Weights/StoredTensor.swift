import DurableFiles
import Tensors

/// A tensor of an open weights file, in the type that it is stored in. Its values are read when they are asked for.
package struct StoredTensor: Sendable {
  package let shape: [Int]
  package let type: FloatType
  private let map: MappedFile
  /// Where the values lie in the file.
  private let bytes: Range<Int>

  init(shape: [Int], type: FloatType, map: MappedFile, bytes: Range<Int>) {
    (self.shape, self.type, self.map, self.bytes) = (shape, type, map, bytes)
  }

  /// The values in memory of their own, widened to float32, which changes none; the pages of the file that were read
  /// for it are given back.
  package func widened() -> Tensor { read(bytes, shape: shape) }

  /// Entries `rows` of the outermost axis in the same way, as a matrix [rows, rest].
  package func widened(rows: Range<Int>) -> Tensor {
    let rest = shape.dropFirst().reduce(1, *)
    let byteCount = rest * type.byteCount
    let start = bytes.lowerBound + rows.lowerBound * byteCount
    return read(start..<(start + rows.count * byteCount), shape: [rows.count, rest])
  }

  private func read(_ bytes: Range<Int>, shape: [Int]) -> Tensor {
    let result = Tensor(uninitialized: shape)
    let source = UnsafeRawBufferPointer(rebasing: map.bytes[bytes])
    switch type {
    case .float32: UnsafeMutableRawBufferPointer(start: result.pointer, count: source.count).copyMemory(from: source)
    case .float16: Self.widen(source, into: result) { Float(Float16(bitPattern: $0)) }
    case .bfloat16: Self.widen(source, into: result, float(bfloat16Bits:))
    }
    map.release(bytes)
    return result
  }

  private static func widen(_ source: UnsafeRawBufferPointer, into result: Tensor, _ float: (UInt16) -> Float) {
    for index in 0..<result.count {
      result.pointer[index] = float(
        UInt16(littleEndian: source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)))
    }
  }
}
