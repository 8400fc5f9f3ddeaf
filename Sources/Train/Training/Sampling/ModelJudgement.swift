import Datasets
import Evaluation
import Foundation
import MediaIO

/// What the judge sees in the clips that a model makes of fixed prompts.
package struct ModelJudgement {
  private struct Line: Encodable {
    let prompt: JudgePrompt
    let seen: Judgement
  }

  private var lines: [Line] = []
  private var seen = JudgeTally()
  private var heldOut = JudgeTally()

  /// Makes and judges a clip for each of the judge's prompts. Where the maker does not begin with the base, the stages
  /// below have the latents of the true clips that the prompts tell of.
  ///
  /// - Parameter progress: told how many are done.
  package init(promptCount: Int, maker: ClipMaker, progress: (Int) -> Void) throws {
    let judge = Judge()
    let prompts = JudgePrompts.stageA(count: promptCount)
    let requests = zip(prompts, JudgePrompts.scenes(count: promptCount)).map { prompt, scene in
      ClipMaker.Request(
        prompt: prompt.prompt, seed: prompt.seed, frames: maker.frameSize.map { scene.render(resolution: $0) })
    }
    try maker.make(requests) { index, pixels in
      let clip = RGBFrames(pixels)
      add(prompts[index], judge.judge(clip.enlarged(by: max(1, 128 / clip.width))))
      progress(index + 1)
    }
  }

  private mutating func add(_ prompt: JudgePrompt, _ judgement: Judgement) {
    lines.append(Line(prompt: prompt, seen: judgement))
    if prompt.isHeldOut {
      heldOut.add(expected: prompt.expected, seen: judgement)
    } else {
      seen.add(expected: prompt.expected, seen: judgement)
    }
  }

  /// One line for combinations that training sees, one for held-out ones, with 95 % intervals.
  package var markdown: String { JudgeTally.markdown([("seen", seen), ("held out", heldOut)]) }

  /// Every clip's judgement and the totals.
  package func json() throws -> String {
    struct Report: Encodable {
      let clips: [Line]
      let all: [String: WilsonInterval]
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let report = Report(clips: lines, all: ["seen": seen.all, "held_out": heldOut.all])
    return String(decoding: try encoder.encode(report), as: UTF8.self)
  }
}
