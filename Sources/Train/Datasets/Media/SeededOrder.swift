import Tensors

extension NoisePurpose {
  /// In which order a finite data set is gone through.
  static let dataOrder = NoisePurpose(rawValue: 0x3003)
}

/// A random order of 0..<count that is computed place by place: a Feistel network on the smallest even number of bits
/// that holds them, walked until it lands below `count`.
struct SeededOrder {
  let count: Int
  let seed: UInt64
  /// Which pass through the data.
  let epoch: Int

  /// The element at `position`, each exactly once.
  ///
  /// - Complexity: O(1), four steps on average at most.
  subscript(position: Int) -> Int {
    precondition(0..<count ~= position, "place \(position) of \(count)")
    let bits = Int.bitWidth - (count - 1).leadingZeroBitCount
    let half = max(1, (bits + 1) / 2)
    var element = position
    repeat { element = permuted(element, halfBits: half) } while element >= count
    return element
  }

  private func permuted(_ element: Int, halfBits: Int) -> Int {
    let mask = 1 << halfBits - 1
    var (left, right) = (element >> halfBits, element & mask)
    for round in 0..<4 {
      let stream = NoiseStream(
        seed: seed, purpose: .dataOrder, chunk: UInt32(truncatingIfNeeded: epoch), item: UInt32(round))
      (left, right) = (right, left ^ Int(stream.words(block: UInt32(right)).x) & mask)
    }
    return left << halfBits | right
  }
}
