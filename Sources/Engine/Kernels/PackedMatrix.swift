import CKernels
import Tensors

/// The right-hand side of a product, [depth, columns], laid out in panels of one or two vectors' width, each panel
/// depth-major, columns behind the last padded with zeros.
///
/// Values of 16 bits may stay so, in half the memory: a tile of work then widens its panel first, which changes no
/// value, and costs one operation for each of the tile's rows.
package struct PackedMatrix: Sendable {
  package let depth: Int
  package let columns: Int
  package let type: FloatType
  let vectorWidth: Int
  /// Whether a product finds rows 2j and 2j + 1 of a panel together, rounded to bfloat16 (`pairRows`).
  let isPaired: Bool
  /// The panels; of 16-bit values two in the place of one.
  private let storage: Tensor

  fileprivate init(
    depth: Int, columns: Int, type: FloatType, vectorWidth: Int, isPaired: Bool, isLasting: Bool
  ) {
    (self.depth, self.columns, self.type, self.vectorWidth) = (depth, columns, type, vectorWidth)
    self.isPaired = isPaired
    let panels = (columns + 2 * vectorWidth - 1) / (2 * vectorWidth)
    let count = panels * 2 * vectorWidth * depth
    storage = Tensor(
      uninitialized: [count * type.byteCount / FloatType.float32.byteCount], isLasting: isLasting)
  }

  /// The number of panels: all two vectors wide but the last, which may be one.
  var panelCount: Int { (columns + 2 * vectorWidth - 1) / (2 * vectorWidth) }

  /// Floats of the widest panel, and so of the scratch memory that `floats(of:)` needs; 0 where it needs none.
  var scratchCount: Int { type == .float32 ? 0 : 2 * vectorWidth * depth }

  /// Which columns a panel holds, and how many its memory has room for.
  func panel(_ index: Int) -> (width: Int, firstColumn: Int, columns: Int) {
    let first = index * 2 * vectorWidth
    let count = min(columns - first, 2 * vectorWidth)
    return (count > vectorWidth ? 2 * vectorWidth : vectorWidth, first, count)
  }

  /// The memory of a panel of float32 values.
  fileprivate func floats(_ index: Int) -> UnsafeMutablePointer<Float> {
    storage.pointer + index * 2 * vectorWidth * depth
  }

  /// The memory of a panel of 16-bit values.
  fileprivate func words(_ index: Int) -> UnsafeMutablePointer<UInt16> {
    UnsafeMutableRawPointer(storage.pointer).assumingMemoryBound(to: UInt16.self) + index * 2 * vectorWidth * depth
  }
}

/// Where the elements of a matrix that is packed lie.
private struct PackingSource {
  let pointer: UnsafePointer<Float>
  let columnStride: Int
  let depthStride: Int
  let depthOffsets: [Int64]?
  /// The column that `pointer` begins with.
  var firstColumn = 0
}

extension ComputeDevice {
  /// Whether products round their operands to bfloat16, where the depth is even.
  private var pairsRows: Bool { kernels.pointee.pairRows != nil }

  private func matrix(
    depth: Int, columns: Int, type: FloatType, pieceLength: Int, isLasting: Bool
  ) -> PackedMatrix {
    PackedMatrix(
      depth: depth, columns: columns, type: type, vectorWidth: Int(kernels.pointee.vectorWidth),
      isPaired: pairsRows && depth.isMultiple(of: 2) && pieceLength.isMultiple(of: 2), isLasting: isLasting)
  }

  /// Packs element (k, n) = source[n·columnStride + depthOffsets[k]]; without offsets k counts in `depthStride`.
  ///
  /// - Parameter pieceLength: a product must not gather the depth in pieces that are not multiples of it; nil: any even
  ///   piece will do.
  package func pack(
    _ source: UnsafePointer<Float>, depth: Int, columns: Int, columnStride: Int, depthStride: Int = 1,
    depthOffsets: [Int64]? = nil, pieceLength: Int? = nil
  ) -> PackedMatrix {
    let packed = matrix(
      depth: depth, columns: columns, type: .float32, pieceLength: pieceLength ?? depth, isLasting: false)
    let source = PackingSource(
      pointer: source, columnStride: columnStride, depthStride: depthStride, depthOffsets: depthOffsets)
    fill(packed, panels: 0..<packed.panelCount, from: source)
    return packed
  }

  /// Packs a weight [out, in] that will not change for x·Wᵀ, from slices of its rows, so that no more of it need be
  /// there at once.
  ///
  /// - Parameters:
  ///   - depthOffsets: the order in which a row's elements are taken; nil: as they stand.
  ///   - type: what the values are kept as; they must be values of it.
  ///   - slice: gives some of the rows, [count, in].
  package func packTransposed(
    rowCount: Int, depth: Int, depthOffsets: [Int64]? = nil, as type: FloatType, slice: (Range<Int>) -> Tensor
  ) -> PackedMatrix {
    let packed = matrix(depth: depth, columns: rowCount, type: type, pieceLength: depth, isLasting: true)
    let panelsPerSlice = 8
    for first in stride(from: 0, to: packed.panelCount, by: panelsPerSlice) {
      let panels = first..<min(packed.panelCount, first + panelsPerSlice)
      let firstRow = packed.panel(first).firstColumn
      let rows = slice(firstRow..<min(rowCount, packed.panel(panels.upperBound).firstColumn))
      let source = PackingSource(
        pointer: rows.pointer, columnStride: depth, depthStride: 1, depthOffsets: depthOffsets, firstColumn: firstRow)
      fill(packed, panels: panels, from: source)
      withExtendedLifetime(rows) {}
    }
    return packed
  }

  /// Packs and, where the matrix keeps 16 bits, narrows some of the panels.
  private func fill(_ packed: PackedMatrix, panels: Range<Int>, from source: PackingSource) {
    let scratch = packed.scratchCount > 0 ? Tensor(uninitialized: [threadCount, packed.scratchCount]) : nil
    parallel(panels.count) { task, worker in
      let index = panels.lowerBound + task
      let panel = packed.panel(index)
      let target = scratch?[worker].pointer ?? packed.floats(index)
      func pack(_ offsets: UnsafePointer<Int64>?) {
        kernels.pointee.pack(
          source.pointer + (panel.firstColumn - source.firstColumn) * source.columnStride, Int64(source.columnStride),
          offsets, Int64(source.depthStride), Int64(packed.depth), Int64(panel.columns), Int64(panel.width), target)
      }
      if let offsets = source.depthOffsets {
        offsets.withUnsafeBufferPointer { pack($0.baseAddress) }
      } else {
        pack(nil)
      }
      let count = Int64(panel.width * packed.depth)
      switch packed.type {
      case .float32: if packed.isPaired { kernels.pointee.pairRows(target, Int64(packed.depth), Int64(panel.width)) }
      case .float16: kernels.pointee.narrowFloat16(target, packed.words(index), count)
      case .bfloat16: kernels.pointee.narrowBFloat16(target, packed.words(index), count)
      }
    }
    withExtendedLifetime(scratch) {}
  }

  /// The values of a panel as products want them: where they are, or widened into `scratch`, which panels of 16 bits
  /// need.
  func floats(
    ofPanel index: Int, of matrix: PackedMatrix, scratch: UnsafeMutablePointer<Float>?
  ) -> UnsafePointer<Float> {
    if matrix.type == .float32 { return UnsafePointer(matrix.floats(index)) }
    guard let scratch else { preconditionFailure("no memory to widen a panel of \(matrix.type) into") }
    let count = Int64(matrix.panel(index).width * matrix.depth)
    switch matrix.type {
    case .float32: break
    case .float16: kernels.pointee.widenFloat16(matrix.words(index), scratch, count)
    case .bfloat16: kernels.pointee.widenBFloat16(matrix.words(index), scratch, count)
    }
    if matrix.isPaired {
      kernels.pointee.pairRows(scratch, Int64(matrix.depth), Int64(matrix.panel(index).width))
    }
    return UnsafePointer(scratch)
  }

  /// Packs `weight` [out, in] for x·Wᵀ.
  package func packTransposed(_ weight: Tensor) -> PackedMatrix {
    let depth = weight.count / weight.shape[0]
    return pack(weight.pointer, depth: depth, columns: weight.shape[0], columnStride: depth)
  }

  /// Packs `weight` [out, in] for g·W.
  package func packPlain(_ weight: Tensor) -> PackedMatrix {
    let columns = weight.count / weight.shape[0]
    return pack(weight.pointer, depth: weight.shape[0], columns: columns, columnStride: 1, depthStride: columns)
  }
}
