import Autograd
import Foundation
import Kernels
import Layers
import Tensors
import Testing
import Weights

@testable import TextEncoding

/// Against the golden file `t5`; tolerances are those of its manifest.
@Suite struct T5EncoderTests {
  private static let configuration = T5Configuration(
    vocabularySize: 64, hidden: 24, headWidth: 8, feedForward: 40, layers: 2, heads: 4)

  private static func golden() throws -> SafetensorsFile {
    let folder = try #require(Bundle.module.resourceURL)
    return try SafetensorsFile(path: folder.appending(path: "Fixtures/t5.safetensors").path)
  }

  private static func encoder(_ golden: SafetensorsFile) throws -> T5Encoder {
    let specifications = T5Encoder.specifications(configuration)
    var document = SafetensorsDocument()
    for specification in specifications {
      document.add(specification.name, try golden.tensor("w/\(specification.name)"))
    }
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).safetensors")
    try document.write(to: file.path)
    defer { try? FileManager.default.removeItem(at: file) }
    let store = try ParameterStore(loading: [SafetensorsFile(path: file.path)], specifications: specifications)
    return T5Encoder(configuration, store: store)
  }

  private func encode(_ prompts: [[Int]], _ encoder: T5Encoder, threads: Int = 1) -> [Tensor] {
    let tape = Tape(device: ComputeDevice(threadCount: threads), recording: false)
    let encoded = encoder.encode(prompts, on: tape)
    return encoded.ranges.map { encoded.rows.value.rows($0) }
  }

  @Test("outputs are golden for prompts short, long and in a batch", arguments: ["short", "long", "batch"])
  func outputs(name: String) throws {
    let golden = try Self.golden()
    let ids = try golden.integers("\(name)/in/ids")
    let shape = try golden.shape(of: "\(name)/in/ids")
    let mask = golden.contains("\(name)/in/mask") ? try golden.integers("\(name)/in/mask") : ids.map { _ in 1 }
    let prompts = (0..<shape[0]).map { prompt in
      (0..<shape[1]).map { prompt * shape[1] + $0 }.filter { mask[$0] == 1 }.map { ids[$0] }
    }
    let expected = try golden.tensor("\(name)/out/y")
    for (prompt, rows) in encode(prompts, try Self.encoder(golden)).enumerated() {
      let wanted = expected[prompt].rows(0..<rows.shape[0])
      let largest = zip(rows.array, wanted.array).map { abs($0 - $1) }.max() ?? 0
      #expect(largest <= 1.8e-5, "prompt \(prompt): largest difference \(largest)")
    }
  }

  @Test("buckets of relative positions are golden")
  func buckets() throws {
    let golden = try Self.golden()
    let relative = try golden.integers("bucket_rel")
    #expect(relative.map(relativePositionBucket) == (try golden.integers("bucket")))
  }

  @Test("a prompt in a batch is encoded to the same bits as alone, by one thread or two")
  func batch() throws {
    let encoder = try Self.encoder(Self.golden())
    let prompts = [[5, 6, 7, 1], [9, 1], [33, 2, 2, 60, 12, 1]]
    let together = encode(prompts, encoder, threads: 2)
    for (prompt, rows) in zip(prompts, together) {
      #expect(encode([prompt], encoder)[0].array == rows.array)
    }
  }
}
