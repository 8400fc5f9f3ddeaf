import Datasets
import Evaluation
import Foundation
import Kernels
import MediaIO
import Tensors
import VideoAutoencoder
import VideoPipeline

/// What the judge sees in the clips that a model makes of fixed prompts.
package struct ModelJudgement {
  private struct Line: Encodable {
    let prompt: JudgePrompt
    let seen: Judgement
  }

  private var lines: [Line] = []
  private var seen = JudgeTally()
  private var heldOut = JudgeTally()

  /// Makes and judges a clip for each prompt.
  ///
  /// - Parameter progress: told how many are done.
  package init(prompts: [JudgePrompt], maker: ClipMaker, progress: (Int) -> Void) throws {
    let judge = Judge()
    try maker.make(prompts.map { ClipMaker.Request(prompt: $0.prompt, seed: $0.seed) }) { index, pixels in
      let clip = RGBFrames(pixels)
      add(prompts[index], judge.judge(clip.enlarged(by: max(1, 128 / clip.width))))
      progress(index + 1)
    }
  }

  /// Judges what the autoencoder of a model's last stage keeps of true clips: no denoiser can do better.
  package init(reconstructionsBy model: VideoModel, count: Int, on device: ComputeDevice) throws {
    let judge = Judge()
    let autoencoder = try model.autoencoder(stage: model.stageCount - 1)
    let half = count / 2
    for (split, count) in [(SceneSplit.training, count - half), (.heldOut, half)] {
      let scenes = SceneSource(seed: AutoencoderTask.heldSeed, split: split)
      for index in 0..<count {
        let frames = scenes[index].render(resolution: 128)
        let latents = autoencoder.encode(frames.reshaped([1] + frames.shape), on: device)
        let prompt = JudgePrompt(
          prompt: scenes[index].plainCaption(), seed: 0, isHeldOut: split == .heldOut,
          expected: SceneAttributes(scenes[index], medium: .video))
        add(prompt, judge.judge(RGBFrames(autoencoder.decode(latents, on: device)[0])))
      }
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
