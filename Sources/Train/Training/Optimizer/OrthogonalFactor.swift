import Kernels
import Tensors

/// The orthogonal factor of a matrix's polar decomposition, roughly: all its singular values brought near 1.
enum OrthogonalFactor {
  /// The quintic x ↦ a·x + b·x³ + c·x⁵, which lifts small singular values fast and then keeps all within about
  /// 0.7 … 1.2 (Jordan et al. 2024).
  private static let coefficients: (a: Float, b: Float, c: Float) = (3.4445, -4.7750, 2.0315)
  private static let stepCount = 5

  /// - Parameter matrix: `rows` × `columns` values, row-major, of any shape.
  /// - Returns: of the same shape; zeros for zeros.
  static func of(_ matrix: Tensor, rows: Int, columns: Int, on device: ComputeDevice) -> Tensor {
    let isTall = rows > columns
    // Wide, so that the square that is iterated with is the small one.
    let wide = isTall ? transposed(matrix, rows: rows, columns: columns) : matrix
    let (short, long) = (min(rows, columns), max(rows, columns))
    let norm = Float(gradientNorm([matrix]))
    var x = device.scale(wide.reshaped([short, long]), by: 1 / max(norm, 1e-20))
    for _ in 0..<stepCount { x = improve(x, short: short, on: device) }
    let result = isTall ? transposed(x, rows: short, columns: long) : x
    return result.reshaped(matrix.shape)
  }

  /// a·X + (b·S + c·S²)·X of S = X·Xᵀ.
  private static func improve(_ x: Tensor, short: Int, on device: ComputeDevice) -> Tensor {
    let square = product(x, device.packTransposed(x), rows: short, on: device)
    let fourth = product(square, device.packPlain(square), rows: short, on: device)
    let factor = device.scale(square, by: coefficients.b)
    device.accumulate(fourth, times: coefficients.c, into: factor)
    let result = product(factor, device.packPlain(x), rows: short, on: device)
    device.accumulate(x, times: coefficients.a, into: result)
    return result
  }

  private static func product(_ a: Tensor, _ b: PackedMatrix, rows: Int, on device: ComputeDevice) -> Tensor {
    let result = Tensor(uninitialized: [rows, b.columns])
    device.product(a.pointer, rows: rows, b, into: result.pointer)
    return result
  }

  private static func transposed(_ matrix: Tensor, rows: Int, columns: Int) -> Tensor {
    let result = Tensor(uninitialized: [columns, rows])
    for row in 0..<rows {
      for column in 0..<columns { result.pointer[column * rows + row] = matrix.pointer[row * columns + column] }
    }
    return result
  }
}
