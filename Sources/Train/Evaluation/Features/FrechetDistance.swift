import COpenBLAS

/// The Fréchet distance of two normal distributions: |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½).
///
/// It is called FID only on Inception-v3's features and FVD only on I3D's; on others it has their name.
package enum FrechetDistance {
  /// - Throws: `EvaluationError` if there are fewer than two rows on a side, or values that are no numbers.
  package static func between(_ a: GaussianFit, _ b: GaussianFit) throws -> Double {
    precondition(a.dimension == b.dimension, "features of \(a.dimension) against \(b.dimension)")
    guard a.count > 1, b.count > 1 else {
      throw EvaluationError(
        .tooFew, "compare \(a.count) with \(b.count) samples: a covariance needs at least two; give more")
    }
    let distance = zip(a.mean, b.mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let (first, second) = (a.covariance, b.covariance)
    let trace = (0..<a.dimension).reduce(0) { $0 + first[$1 * a.dimension + $1] + second[$1 * a.dimension + $1] }
    return distance + trace - 2 * (try traceOfRoot(first, second, a.dimension))
  }

  /// tr((Σ₁Σ₂)^½): the eigenvalues of Σ₁Σ₂ are those of the symmetric AᵀΣ₂A with AAᵀ = Σ₁.
  private static func traceOfRoot(_ first: [Double], _ second: [Double], _ n: Int) throws -> Double {
    var vectors = first
    let values = try eigenvalues(&vectors, n, withVectors: true)
    // Row i of the row-major memory is eigenvector i; scaled, the rows are Aᵀ.
    for row in 0..<n {
      let scale = max(0, values[row]).squareRoot()
      for column in 0..<n { vectors[row * n + column] *= scale }
    }
    var half = [Double](repeating: 0, count: n * n)
    var product = half
    let size = Int32(n)
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasNoTrans, size, size, size, 1, vectors, size, second, size, 0, &half, size)
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, size, size, size, 1, half, size, vectors, size, 0, &product, size)
    // Rounding makes tiny negative values of zeros.
    return try eigenvalues(&product, n, withVectors: false).reduce(0) { $0 + max(0, $1).squareRoot() }
  }

  /// The rising eigenvalues of a symmetric matrix; with vectors, row i of `matrix` becomes the i-th.
  private static func eigenvalues(_ matrix: inout [Double], _ n: Int, withVectors: Bool) throws -> [Double] {
    guard matrix.allSatisfy(\.isFinite) else {
      throw EvaluationError(.notFinite, "compare features: some are no numbers; do the weights belong to the network?")
    }
    var values = [Double](repeating: 0, count: n)
    var (size, info) = (Int32(n), Int32(0))
    var workCount = Int32(1 + 6 * n + 2 * n * n)
    var integerCount = Int32(3 + 5 * n)
    var work = [Double](repeating: 0, count: Int(workCount))
    var integers = [Int32](repeating: 0, count: Int(integerCount))
    dsyevd_(
      withVectors ? "V" : "N", "L", &size, &matrix, &size, &values, &work, &workCount, &integers, &integerCount, &info)
    guard info == 0 else {
      throw EvaluationError(.notFinite, "find eigenvalues of \(n) × \(n): LAPACK's dsyevd gave \(info)")
    }
    return values
  }
}
