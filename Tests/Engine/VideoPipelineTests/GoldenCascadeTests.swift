import Tensors
import Testing
import VideoAutoencoder

@testable import VideoPipeline

/// Against the golden cascades; tolerances are those of their manifest.
@Suite struct GoldenCascadeTests {
  private struct Case: CustomTestStringConvertible {
    let name: String
    let frameCount: Int
    let keptFrames: [Int]
    /// One for each stage and chunk.
    let latentTolerances: [[Float]]
    let pixelTolerance: Float
    var testDescription: String { name }
  }

  private static let cases = [
    Case(
      name: "text_to_video", frameCount: 17, keptFrames: [0, 16], latentTolerances: [[3.3e-5], [2.2e-5], [2.4e-5]],
      pixelTolerance: 3.3e-5),
    Case(
      name: "text_to_image", frameCount: 1, keptFrames: [0], latentTolerances: [[3.7e-5], [2.1e-5], [2.3e-5]],
      pixelTolerance: 1.4e-5),
    Case(
      name: "image_to_video", frameCount: 17, keptFrames: [0, 16], latentTolerances: [[2.8e-5], [2e-5], [2.2e-5]],
      pixelTolerance: 3.7e-5),
    Case(
      name: "long", frameCount: 29, keptFrames: [0, 16, 28],
      latentTolerances: [[3.3e-5, 3.1e-5], [2.2e-5, 3.5e-5], [2.4e-5, 6.2e-5]], pixelTolerance: 8.3e-5),
  ]

  @Test("text, latents of every stage and chunk, pixels and bytes are golden", arguments: cases)
  private func golden(_ golden: Case) throws {
    let file = try Golden.file("cascade_\(golden.name)")
    let name = golden.name
    let cascade = try Golden.cascade()
    let text = try cascade.encode(tokens: [file.integers("\(name)/in/ids")])[0]
    try expect(text, is: "\(name)/out/text", of: file, within: 2e-5)

    let firstFrames =
      try file.contains("\(name)/in/first_stage0")
      ? (0..<3).map { try file.tensor("\(name)/in/first_stage\($0)")[0] } : nil
    let clip = Golden.clip(cascade, frameCount: golden.frameCount)
    let result = try cascade.generate(clip, text: (text, nil), firstFrames: firstFrames)

    for (stage, chunks) in result.latents.enumerated() {
      #expect(chunks.count == golden.latentTolerances[stage].count)
      for (chunk, latents) in chunks.enumerated() {
        try expect(
          latents, is: "\(name)/out/latent_stage\(stage)_chunk\(chunk)", of: file,
          within: golden.latentTolerances[stage][chunk])
      }
    }
    let kept = Tensor.concatenating(golden.keptFrames.map { result.pixels.rows($0..<($0 + 1)) })
    try expect(kept, is: "\(name)/out/pixels_kept", of: file, within: golden.pixelTolerance)
    let bytes = result.pixels.pixelBytes()
    let expected = try file.bytes("\(name)/out/bytes")
    #expect(bytes.count == expected.count)
    // The float may lie on either side of a rounding boundary.
    #expect(zip(bytes, expected).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
  }
}
