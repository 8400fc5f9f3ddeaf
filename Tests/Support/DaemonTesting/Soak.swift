import Foundation

/// How long the tests of faults run: a short form with every test run, the long form with `make soak`
/// (`WALT_SOAK=1`), whose seed is printed and can be given again (`WALT_SEED`).
package enum Soak {
  private static let environment = ProcessInfo.processInfo.environment

  package static let isLong = environment["WALT_SOAK"] != nil

  /// What all randomness of the tests of faults comes from.
  package static let seed: UInt64 = {
    let seed = environment["WALT_SEED"].flatMap { UInt64($0) } ?? (isLong ? UInt64.random(in: 0...999_999) : 1)
    print("seed \(seed): WALT_SEED=\(seed) repeats it")
    return seed
  }()

  package static func count(short: Int, long: Int) -> Int { isLong ? long : short }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
package struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  /// - Parameter stream: tells apart users of one seed.
  package init(seed: UInt64 = Soak.seed, stream: UInt64 = 0) { state = seed &+ stream &* 0x9E37_79B9_7F4A_7C15 }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
