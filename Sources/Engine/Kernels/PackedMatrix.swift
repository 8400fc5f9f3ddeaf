import CKernels
import Tensors

/// The right-hand side of a product, [depth, columns], laid out in panels of one or two vectors' width, each panel
/// depth-major, columns behind the last padded with zeros.
package struct PackedMatrix: Sendable {
  package let depth: Int
  package let columns: Int
  let vectorWidth: Int
  let storage: Tensor

  /// The number of panels: all two vectors wide but the last, which may be one.
  var panelCount: Int { (columns + 2 * vectorWidth - 1) / (2 * vectorWidth) }

  func panel(_ index: Int) -> (pointer: UnsafeMutablePointer<Float>, width: Int, firstColumn: Int, columns: Int) {
    let first = index * 2 * vectorWidth
    let count = min(columns - first, 2 * vectorWidth)
    return (storage.pointer + first * depth, count > vectorWidth ? 2 * vectorWidth : vectorWidth, first, count)
  }
}

extension ComputeDevice {
  /// Packs element (k, n) = source[n·columnStride + depthOffsets[k]]; without offsets k counts in `depthStride`.
  package func pack(
    _ source: UnsafePointer<Float>, depth: Int, columns: Int, columnStride: Int, depthStride: Int = 1,
    depthOffsets: [Int64]? = nil
  ) -> PackedMatrix {
    let width = Int(kernels.pointee.vectorWidth)
    let panels = (columns + 2 * width - 1) / (2 * width)
    let packed = PackedMatrix(
      depth: depth, columns: columns, vectorWidth: width, storage: Tensor(uninitialized: [panels * 2 * width * depth]))
    parallel(panels) { index, _ in
      let panel = packed.panel(index)
      func pack(_ offsets: UnsafePointer<Int64>?) {
        kernels.pointee.pack(
          source + panel.firstColumn * columnStride, Int64(columnStride), offsets, Int64(depthStride), Int64(depth),
          Int64(panel.columns), Int64(panel.width), panel.pointer)
      }
      if let depthOffsets { depthOffsets.withUnsafeBufferPointer { pack($0.baseAddress) } } else { pack(nil) }
    }
    return packed
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
