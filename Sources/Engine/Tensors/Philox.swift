import Glibc

/// The counter-based generator Philox4x32-10 (Random123), from which all randomness of walt comes.
///
/// A draw is a pure function of a key and a counter: no state, so that a draw depends neither on those before it nor
/// on how work is split.
package struct Philox4x32: Sendable, Hashable {
  private let key: SIMD2<UInt32>

  package init(key: SIMD2<UInt32>) { self.key = key }

  /// The key of a seed: its low word, then its high word.
  package init(seed: UInt64) {
    self.init(key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
  }

  /// The four words of one block.
  package func words(counter: SIMD4<UInt32>) -> SIMD4<UInt32> {
    var (c0, c1, c2, c3) = (counter.x, counter.y, counter.z, counter.w)
    var (k0, k1) = (key.x, key.y)
    for _ in 0..<10 {
      let first = c0.multipliedFullWidth(by: 0xD251_1F53)
      let second = c2.multipliedFullWidth(by: 0xCD9E_8D57)
      (c0, c1, c2, c3) = (second.high ^ c1 ^ k0, second.low, first.high ^ c3 ^ k1, first.low)
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    return SIMD4(c0, c1, c2, c3)
  }
}

/// What a stream of noise is for: the low 16 bits of the counter's last word.
package struct NoisePurpose: RawRepresentable, Sendable, Hashable {
  package let rawValue: UInt16

  package init(rawValue: UInt16) { self.rawValue = rawValue }

  package static let initialNoise = NoisePurpose(rawValue: 1)
  /// Noise-conditioning augmentation of the low-resolution latents.
  package static let augmentation = NoisePurpose(rawValue: 2)
  package static let autoencoderPosterior = NoisePurpose(rawValue: 3)
  /// The noise that DDIM with η > 0 adds after `step`.
  package static func samplerStep(_ step: Int) -> NoisePurpose { NoisePurpose(rawValue: 0x1000 + UInt16(step)) }
  /// Training's own streams; `index` distinguishes them.
  package static func training(_ index: Int) -> NoisePurpose { NoisePurpose(rawValue: 0x2000 + UInt16(index)) }
  /// A model's first weights, before any training.
  package static let initialWeights = NoisePurpose(rawValue: 0x2F00)
}

/// One stream of random numbers: which seed, stage, chunk, item and purpose they are for. The elements of a stream
/// are numbered; element e depends on nothing but the stream and e.
package struct NoiseStream: Sendable, Hashable {
  private let generator: Philox4x32
  private let item: UInt32
  private let chunk: UInt32
  private let stageAndPurpose: UInt32

  /// - Parameters:
  ///   - stage: 0 base, 1 and 2 the upsamplers.
  ///   - chunk: the autoregressive chunk's number.
  ///   - item: the index of the sample in its request; 0 in the service, where each clip has a seed of its own.
  package init(seed: UInt64, stage: Int = 0, purpose: NoisePurpose, chunk: UInt32 = 0, item: UInt32 = 0) {
    precondition(0..<0x10000 ~= stage, "stage \(stage) does not fit 16 bits")
    generator = Philox4x32(seed: seed)
    self.item = item
    self.chunk = chunk
    stageAndPurpose = UInt32(stage) << 16 | UInt32(purpose.rawValue)
  }

  /// The four words of `block`.
  package func words(block: UInt32) -> SIMD4<UInt32> {
    generator.words(counter: SIMD4(block, item, chunk, stageAndPurpose))
  }

  /// Uniform in [0, 1), in steps of 2⁻³².
  package func uniform(_ element: Int) -> Double {
    Double(words(block: UInt32(element / 4))[element % 4]) * 0x1p-32
  }

  /// The four standard normals of `block` (Box–Muller, evaluated in double and rounded once).
  package func normals(block: UInt32) -> SIMD4<Float> {
    let words = words(block: block)
    let first = Self.normalPair(words.x, words.y)
    let second = Self.normalPair(words.z, words.w)
    return SIMD4(first.0, first.1, second.0, second.1)
  }

  /// Standard normals for elements 0, 1, … of a tensor of `shape`, in row-major order.
  package func normals(shape: [Int]) -> Tensor {
    let result = Tensor(uninitialized: shape)
    for start in stride(from: 0, to: result.count, by: 4) {
      let four = normals(block: UInt32(start / 4))
      for lane in 0..<min(4, result.count - start) { result.pointer[start + lane] = four[lane] }
    }
    return result
  }

  /// Uniforms between `low` and `high` for elements 0, 1, … of a tensor of `shape`, in row-major order.
  package func uniforms(shape: [Int], low: Double, high: Double) -> Tensor {
    let result = Tensor(uninitialized: shape)
    for start in stride(from: 0, to: result.count, by: 4) {
      let words = words(block: UInt32(start / 4))
      for lane in 0..<min(4, result.count - start) {
        result.pointer[start + lane] = Float(low + (high - low) * (Double(words[lane]) * 0x1p-32))
      }
    }
    return result
  }

  private static func normalPair(_ first: UInt32, _ second: UInt32) -> (Float, Float) {
    let uniform = (Double(first) + 1) * 0x1p-32
    let angle = 2 * Double.pi * (Double(second) * 0x1p-32)
    let radius = (-2 * log(uniform)).squareRoot()
    return (Float(radius * cos(angle)), Float(radius * sin(angle)))
  }
}
