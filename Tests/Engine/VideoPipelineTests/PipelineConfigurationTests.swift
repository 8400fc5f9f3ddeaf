import Foundation
import Testing
import VideoPipeline
import Weights

@Suite("A model folder's pipeline.json")
struct PipelineConfigurationTests {
  private func configuration(_ json: String) throws -> PipelineConfiguration {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("pipeline-\(UUID().uuidString).json")
    try Data(json.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try PipelineConfiguration(contentsOf: file)
  }

  private static let whole = """
    {"type":"walt-pipeline","name":"demo","fps":12,"max_frames":29,
     "diffusion":{"steps":1000,"beta_start":1e-4,"beta_end":0.02,"zero_snr":true},
     "sampler":{"steps":25,"eta":0.5,"cfg_drop_fp":false},"text":"t5",
     "stages":[{"model":"base","autoencoder":"ae","guidance":7.5},{"model":"sr1","autoencoder":"ae","steps":4,"k_sr":60}],
     "variants":[{"width":224,"height":128,"folder":"wide"}]}
    """

  @Test("says how its parts are sampled")
  func reads() throws {
    let read = try configuration(Self.whole)
    #expect(read.name == "demo" && read.framesPerSecond == 12 && read.maxFrames == 29 && read.text == "t5")
    #expect(read.diffusion.betaEnd == 0.02 && read.diffusion.zeroTerminalSNR)
    #expect(read.sampler.steps == 25 && read.sampler.eta == 0.5 && !read.sampler.dropsFramePrediction)
    #expect(read.stages.map(\.model) == ["base", "sr1"] && read.stages.map(\.guidance) == [7.5, 1])
    #expect(read.stages.map(\.augmentationTimestep) == [100, 60])
    #expect(read.defaultSampling.map(\.stepCount) == [25, 4])
    #expect(read.variants.map(\.folder) == ["wide"])
  }

  @Test("needs no more than its stages")
  func defaults() throws {
    let read = try configuration(#"{"type":"walt-pipeline","stages":[{"model":"base","autoencoder":"ae"}]}"#)
    #expect(read.text == nil && read.sampler.steps == 50 && read.framesPerSecond == 8 && read.variants.isEmpty)
    #expect(read.diffusion == PipelineConfiguration.Diffusion())
  }

  @Test(
    "cannot name what lies elsewhere, nor hold unknown keys",
    arguments: [
      (#""model":"sr1""#, #""model":"../sr1""#, "stages[1].model is \"../sr1\", expected the name of a folder"),
      (#""text":"t5""#, #""text":"/t5""#, "text is \"/t5\", expected the name of a folder"),
      (#""k_sr":60"#, #""ksr":60"#, "stages[1].ksr is not a known key; did you mean \"k_sr\"?"),
      (#""steps":25"#, #""steps":0"#, "sampler.steps is 0, allowed are 1 to 1000"),
    ])
  func refusals(good: String, bad: String, message: String) {
    #expect {
      _ = try configuration(Self.whole.replacingOccurrences(of: good, with: bad))
    } throws: {
      "\($0)".contains(message)
    }
  }
}
