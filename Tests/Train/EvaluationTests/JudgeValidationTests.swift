import Datasets
import DurableFiles
import Foundation
import Testing

@testable import Evaluation

@Suite struct JudgeValidationTests {
  #if DEBUG
    private let clipCount = 4
  #else
    private let clipCount = 60
  #endif

  @Test("the judge is right on clips of every kind, also after H.264, and silent on noise and blank ones")
  func validation() throws {
    let folder = NSTemporaryDirectory() + "walt-judge-" + UUID().uuidString
    try DurableFile.makeFolder(folder)
    defer { _ = try? DurableFile.remove(folder) }
    let validation = try JudgeValidation(clipCount: clipCount, seed: 3, scratchFolder: folder)
    #expect(
      validation.tallies.map(\.name) == [
        "seen", "seen, after H.264", "held-out", "held-out, after H.264", "recoloured", "reversed", "mirrored",
      ])
    for (name, tally) in validation.tallies {
      #expect(tally.shape.right.rate >= 0.98, "\(name)")
      #expect(tally.colour.right.rate >= 0.98, "\(name)")
      #expect(tally.motion.right.rate >= 0.98, "\(name)")
    }
    for (name, silent) in validation.empty { #expect(silent.rate == 1, "\(name)") }
    #expect(validation.frozen.rate == 1)
    #expect(validation.markdown.contains("| seen, after H.264 | \(clipCount) | 100.0 % ["))
  }

  @Test("motions turn round when a clip is reversed, left and right when it is mirrored")
  func turned() {
    #expect(
      Motion.allCases.map(\.reversed) == [.still, .right, .left, .down, .up, .downRight, .downLeft, .upRight, .upLeft])
    #expect(
      Motion.allCases.map(\.mirrored) == [.still, .right, .left, .up, .down, .upRight, .upLeft, .downRight, .downLeft])
  }
}
