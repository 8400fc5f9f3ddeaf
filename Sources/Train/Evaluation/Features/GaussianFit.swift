import COpenBLAS
import Tensors

/// The mean and covariance of features, taken up row by row in double precision.
package struct GaussianFit: Sendable {
  package let dimension: Int
  package private(set) var count = 0
  private var sums: [Double]
  /// Row-major; only the lower triangle is kept up.
  private var products: [Double]

  package init(dimension: Int) {
    self.dimension = dimension
    sums = Array(repeating: 0, count: dimension)
    products = Array(repeating: 0, count: dimension * dimension)
  }

  /// Adds rows [n, dimension].
  package mutating func add(_ rows: Tensor) {
    precondition(rows.shape == [rows.shape[0], dimension], "rows of \(rows.shape), expected [n, \(dimension)]")
    let values = rows.array.map { Double($0) }
    for (index, value) in values.enumerated() { sums[index % dimension] += value }
    cblas_dsyrk(
      CblasRowMajor, CblasLower, CblasTrans, Int32(dimension), Int32(rows.shape[0]), 1, values, Int32(dimension), 1,
      &products, Int32(dimension))
    count += rows.shape[0]
  }

  var mean: [Double] { sums.map { $0 / Double(count) } }

  /// Of a sample: divided by count − 1; row-major and whole.
  var covariance: [Double] {
    let mean = mean
    var result = [Double](repeating: 0, count: dimension * dimension)
    for row in 0..<dimension {
      for column in 0...row {
        let value = (products[row * dimension + column] - Double(count) * mean[row] * mean[column]) / Double(count - 1)
        result[row * dimension + column] = value
        result[column * dimension + row] = value
      }
    }
    return result
  }
}
