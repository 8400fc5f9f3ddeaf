import Foundation
import Testing
import VideoTransformer

@testable import Training

/// The configurations in configs/paper, against the counts of model.md section 12 and the costs of section 14.
@Suite("The paper's configurations")
struct PaperConfigurationTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "configs/paper").path

  private static func summary(_ name: String) throws -> ModelSummary {
    ModelSummary(try ModelConfiguration(path: "\(folder)/\(name)"), name: name, storedAs: .float32)
  }

  @Test(
    "hold the weights that the specification's tables add up to, to the last one",
    arguments: [
      ("ucf-L-r2", 313_238_408), ("ucf-L-r4", 313_582_472), ("ucf-L-r16", 315_646_856), ("ucf-L-r64", 323_904_392),
      ("ucf-L-r256", 356_934_536), ("ucf-L-separate", 457_739_144), ("ucf-XL", 460_019_080),
      ("k600-L", 313_143_176), ("imagenet-L", 460_392_840), ("t2v-L", 419_205_000), ("t2v-base-3B", 3_097_993_032),
      ("t2v-base-3B-wide", 3_099_320_520), ("sr1-1.3B", 1_296_458_304), ("sr2-419M", 418_660_896),
      // Encoder and decoder, and 16 statistics.
      ("ae", 144_579_464 + 225_499_139 + 16), ("ae-imagenet", 131_157_768 + 174_177_795 + 16),
      ("t5-xl", 1_223_527_424),
    ])
  func weightCounts(name: String, count: Int) throws {
    let summary = try Self.summary(name)
    #expect(summary.parameters == count)
    #expect(summary.parts.reduce(0) { $0 + $1.parameters } == count)
  }

  /// Section 14 counts what is done for every token, and the text's keys. All else, done once a pass, is less than
  /// 1 GFLOP, but turns 6218.2 of sr1 into 6218.6: there `describe` prints 6219 for the section's 6218.
  @Test(
    "cost the operations of the specification's table",
    arguments: [
      ("k600-L", 809, 81), ("t2v-L", 1114, 111), ("t2v-base-3B", 8150, 815), ("t2v-base-3B-wide", 14571, 1457),
      ("sr1-1.3B", 6218, 622), ("sr2-419M", 2037, 204),
    ])
  func operations(name: String, gigas: Double, clipTeras: Double) throws {
    let summary = try Self.summary(name)
    let perToken = summary.parts.filter { !["text", "conditioning", "modulation"].contains($0.name) }
      .reduce(0) { $0 + $1.operations }
    #expect((Double(perToken) / 1e9).rounded() == gigas)
    #expect(Double(summary.passOperations - perToken) < 1e9)
    #expect((Double(summary.clipOperations) / 1e12).rounded() == clipTeras)
  }

  @Test("make a cascade, described part by part and as a whole")
  func pipeline() throws {
    let summary = try PipelineSummary(folder: Self.folder, storedAs: .bfloat16, textTokens: 64)
    #expect(summary.parts.map(\.name) == ["t5-xl", "t2v-base-3B-wide", "sr1-1.3B", "sr2-419M", "ae"])
    // 100 passes of the base, 50 of each upsampler, and 173 TFLOP for 17×512×896 pixels.
    let teras = 1457.1 + 0.5 * 621.9 + 0.5 * 203.7 + 173.3 + 0.2
    #expect(abs(Double(summary.clipOperations) / 1e12 - teras) < 0.5)
    #expect(summary.parts[1].clip == "50 guided steps" && summary.parts[2].clip == "50 steps")
    #expect(summary.parts[4].clip == "decoding 17×512×896 pixels")
    // Two bytes for each of 6.4 billion weights, and what a decoder remembers.
    #expect(summary.peakByteCount < 24 << 30)
    #expect(summary.text.contains("paper: a clip takes"))
  }

  @Test("of the 3B base, stored in 16 bits, needs little more memory than its weights' file")
  func memory() throws {
    let configuration = try ModelConfiguration(path: "\(Self.folder)/t2v-base-3B-wide")
    let summary = ModelSummary(configuration, name: "base", storedAs: .bfloat16)
    #expect(summary.weightsByteCount < 2 * summary.parameters * 101 / 100)
    #expect(summary.peakByteCount < 7 << 30)
  }

  @Test("of another kind, or none, are refused by name")
  func refusals() throws {
    #expect { _ = try ModelConfiguration(path: "\(Self.folder)/pipeline.json") } throws: {
      "\($0)".contains("pipeline.json: type is \"walt-pipeline\", allowed are \"walt\", \"walt-ae\", \"t5\"")
    }
    #expect(throws: (any Error).self) { try ModelConfiguration(path: "\(Self.folder)/none") }
  }

  @Test("describe the demo's files as they are: as many weights, stored as float16")
  func demo() throws {
    let demo = URL(fileURLWithPath: Self.folder).deletingLastPathComponent().appending(path: "models/demo")
    let summary = try PipelineSummary(folder: demo.path, storedAs: .float32, textTokens: 16)
    let base = try VideoTransformer(folder: demo.appending(path: "base"))
    #expect(summary.parts[1].parameters == base.store.weightCount)
    #expect(summary.parts.allSatisfy { $0.weightsType == "f16" })
  }
}
