import COpenBLAS

/// OpenBLAS, which adds up features and compares them, with threads of its own.
package enum LinearAlgebra {
  /// Sets how many it computes with, in the whole process.
  package static func setThreadCount(_ count: Int) { openblas_set_num_threads(Int32(count)) }
}
