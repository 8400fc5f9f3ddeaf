import Autograd
import Kernels
import Testing
import VideoTransformer
import Weights

@Suite("A denoiser for another aspect ratio")
struct AspectRatioTests {
  @Test("has interpolated positions, and predicts with them")
  func golden() throws {
    let file = try GoldenFile("aspect")
    let square = try VideoTransformer(
      golden: file, configuration: TransformerConfiguration(file.configuration().object("old")))
    let wide = try #require(square.resized(to: .init(4, 8)))
    #expect(try wide.configuration == TransformerConfiguration(file.configuration().object("new")))
    for name in ["pos_space", "layers.0.attn.rel_bias", "layers.1.attn.rel_bias"] {
      try file.expect(wide.store[name].value, equals: name, of: "resize")
    }
    let input = try file.denoiserInput(of: TransformerCase(file: "aspect", name: "forward"))
    let tape = Tape(device: ComputeDevice(threadCount: 2), recording: false)
    try file.expect(wide(input, text: nil, on: tape).value, equals: "v", of: "forward")
  }

  @Test("does not exist where a window would be cut")
  func impossible() throws {
    let file = try GoldenFile("aspect")
    let square = try TransformerConfiguration(file.configuration().object("old"))
    #expect(square.resized(to: .init(4, 6))?.spatiotemporalWindow == .init(2, 3))
    #expect(square.resized(to: .init(4, 5)) == nil)
    #expect(square.resized(to: .init(4, 5), spatiotemporalWindow: .init(4, 5))?.spatiotemporalWindow == .init(4, 5))
    #expect(square.resized(to: .init(4, 5), spatiotemporalWindow: .init(3, 5)) == nil)
  }
}
