/// One model of the cascade: `base` samples the small clip, each upsampler doubles its sides.
package enum StageName: String, CaseIterable, Codable, Comparable, Sendable {
  case base, sr1, sr2

  /// 0 for the base: the place in `pipeline.json` and in the noise generator's counter.
  package var index: Int {
    switch self {
    case .base: 0
    case .sr1: 1
    case .sr2: 2
    }
  }

  package init?(index: Int) {
    guard Self.allCases.indices.contains(index) else { return nil }
    self = Self.allCases[index]
  }

  package static func < (left: Self, right: Self) -> Bool { left.index < right.index }
}
