import Tensors

extension NoisePurpose {
  /// What is in a scene.
  static let sceneContent = NoisePurpose(rawValue: 0x3000)
  /// How a scene is put into words.
  static let sceneWords = NoisePurpose(rawValue: 0x3001)
  /// Free draws of those who use the data: which scene, which crop.
  static let dataChoice = NoisePurpose(rawValue: 0x3002)
}

/// Draws from one stream of random numbers, one after the other.
package struct DrawSequence: Sendable {
  private let stream: NoiseStream
  private var words = SIMD4<UInt32>.zero
  private var position = 0

  init(_ stream: NoiseStream) { self.stream = stream }

  /// Draws for the use of the data (which scenes, which crops): item `index` of `seed`.
  package init(seed: UInt64, index: Int) {
    self.init(seed: seed, index: index, purpose: .dataChoice)
  }

  /// - Precondition: `index` is not negative.
  init(seed: UInt64, index: Int, purpose: NoisePurpose) {
    let index = UInt64(index)
    self.init(
      NoiseStream(
        seed: seed, purpose: purpose, chunk: UInt32(index >> 32), item: UInt32(truncatingIfNeeded: index)))
  }

  /// The next word.
  package mutating func word() -> UInt32 {
    if position.isMultiple(of: 4) { words = stream.words(block: UInt32(position / 4)) }
    defer { position += 1 }
    return words[position % 4]
  }

  /// Uniform in [0, 1).
  package mutating func uniform() -> Double { Double(word()) * 0x1p-32 }

  /// Uniform in [low, high).
  package mutating func uniform(_ low: Double, _ high: Double) -> Double { low + (high - low) * uniform() }

  /// Uniform among 0 ..< count.
  package mutating func index(below count: Int) -> Int { Int((UInt64(word()) * UInt64(count)) >> 32) }

  /// True with the given probability.
  package mutating func chance(_ probability: Double) -> Bool { uniform() < probability }

  package mutating func element<Element>(of choices: [Element]) -> Element { choices[index(below: choices.count)] }

  /// One row of a table.
  package mutating func term<Term: WorldTerm>(_ type: Term.Type = Term.self) -> Term {
    element(of: Array(type.allCases))
  }
}
