import Tensors
import Testing

@Suite("The noise generator")
struct PhiloxTests {
  @Test("gives the words of Random123's own test vectors")
  func knownAnswers() {
    let ones = UInt32.max
    #expect(
      Philox4x32(seed: 0).words(counter: .zero) == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    #expect(
      Philox4x32(seed: .max).words(counter: SIMD4(ones, ones, ones, ones))
        == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    #expect(
      Philox4x32(key: SIMD2(0xa409_3822, 0x299f_31d0))
        .words(counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344))
        == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  struct Draw: Sendable {
    let stream: NoiseStream
    let words: SIMD4<UInt32>
    let normals: [Float]
  }

  static let draws = [
    Draw(
      stream: NoiseStream(seed: 0, purpose: .initialNoise),
      words: SIMD4(0x2dce_73e5, 0x1348_e23f, 0xfcf8_e0ec, 0xa287_aadb),
      normals: [1.65117788, 0.845645547, -0.102098592, -0.115636088, -0.174992234]),
    Draw(
      stream: NoiseStream(seed: 0x2a, stage: 1, purpose: .augmentation),
      words: SIMD4(0xfe3a_4396, 0x3b27_148f, 0x13b7_e1cf, 0x506a_3b83),
      normals: [0.0139910122, 0.117044143, -0.887788951, 2.08304882, -0.369061053]),
    Draw(
      stream: NoiseStream(seed: 0x2a, stage: 2, purpose: .initialNoise, chunk: 3, item: 1),
      words: SIMD4(0xa452_6f05, 0x7675_b0d3, 0x2674_e5e9, 0xab3e_9dfb),
      normals: [-0.915950418, 0.218480587, -0.949546099, -1.69989848, -0.144282684]),
    Draw(
      stream: NoiseStream(seed: 0x1234_5678_9abc_def0, purpose: .samplerStep(3)),
      words: SIMD4(0x5b55_49e7, 0x475d_a030, 0xdffb_b66b, 0xc918_e190),
      normals: [-0.258143187, 1.41233468, 0.114461906, -0.504094064, 1.13332677]),
  ]

  /// 1e-6: an ulp of the C library's logarithm or cosine may move the rounded float.
  @Test("draws the normals of the specification", arguments: draws)
  func normals(draw: Draw) {
    #expect(draw.stream.words(block: 0) == draw.words)
    let values = draw.stream.normals(shape: [5]).array
    #expect(zip(values, draw.normals).allSatisfy { abs($0 - $1) <= 1e-6 })
  }

  @Test("a tensor's element does not depend on how many are drawn")
  func prefixes() {
    let stream = NoiseStream(seed: 7, purpose: .initialNoise)
    #expect(stream.normals(shape: [2, 3]).array == Array(stream.normals(shape: [11]).array.prefix(6)))
  }

  @Test("uniforms lie between their bounds")
  func uniforms() {
    let values = NoiseStream(seed: 7, purpose: .training(0)).uniforms(shape: [1000], low: -2, high: 3).array
    #expect(values.allSatisfy { -2 <= $0 && $0 <= 3 })
    #expect(abs(values.reduce(0, +) / 1000 - 0.5) < 0.25)
  }
}
