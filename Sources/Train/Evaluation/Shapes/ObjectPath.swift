import Datasets
import Glibc

/// The straight line along which an object's centre went, and whether it did go along it.
struct ObjectPath {
  /// Up to this way an object stays still; from `leastMoving` on it moves; between the two is neither.
  private static let greatestStill = 0.04
  private static let leastMoving = 0.10
  /// The greatest deviation from constant motion along the line: root of the mean square, part of the way.
  private static let greatestUnevenness = 0.12
  /// The greatest angle from one of the eight directions.
  private static let greatestAngle = 18 * Double.pi / 180

  /// From the first frame to the last, by least squares.
  private let way: SIMD2<Double>
  /// The root of the mean square of the distances from uniform motion.
  private let unevenness: Double
  /// The greatest distance between two centres along an axis.
  private let extent: Double

  /// - Parameter centres: one for each frame in units of the frame's side, nothing where none was seen.
  init(centres: [SIMD2<Double>?]) {
    let last = Double(max(1, centres.count - 1))
    let seen = centres.enumerated().compactMap { index, centre in centre.map { (Double(index) / last, $0) } }
    let count = Double(max(1, seen.count))
    let meanTime = seen.reduce(0) { $0 + $1.0 } / count
    let mean = seen.reduce(SIMD2<Double>.zero) { $0 + $1.1 } / count
    let spread = seen.reduce(0) { $0 + ($1.0 - meanTime) * ($1.0 - meanTime) }
    let way = seen.reduce(SIMD2<Double>.zero) { $0 + ($1.0 - meanTime) * ($1.1 - mean) } / max(spread, 1e-9)
    let squares = seen.map { time, centre in
      let offset = centre - mean - (time - meanTime) * way
      return (offset * offset).sum()
    }
    self.way = way
    unevenness = (squares.reduce(0, +) / count).squareRoot()
    extent = max(Self.range(seen.map(\.1.x)), Self.range(seen.map(\.1.y)))
  }

  var length: Double { (way * way).sum().squareRoot() }

  /// Nothing for a path that is neither still nor one of the eight directions at constant speed.
  var motion: Motion? {
    if extent <= Self.greatestStill { return .still }
    guard length >= Self.leastMoving, unevenness <= Self.greatestUnevenness * length else { return nil }
    return Motion.allCases.dropFirst().first { motion in
      let cosine = (way * motion.direction).sum() / length
      return acos(min(1, cosine)) <= Self.greatestAngle
    }
  }

  private static func range(_ values: [Double]) -> Double { (values.max() ?? 0) - (values.min() ?? 0) }
}
