import Datasets

/// One prompt for measuring how well a model does what it is told.
package struct JudgePrompt: Sendable, Hashable, Codable {
  package let prompt: String
  /// The seed to sample with.
  package let seed: UInt64
  /// Whether the combination of shape and colour, or of shape and motion, is one that training never sees.
  package let isHeldOut: Bool
  /// What the clip must show; shape, colour and motion are always there, size and speed as well unless still.
  package let expected: SceneAttributes

  package init(prompt: String, seed: UInt64, isHeldOut: Bool, expected: SceneAttributes) {
    self.prompt = prompt
    self.seed = seed
    self.isHeldOut = isHeldOut
    self.expected = expected
  }
}

/// The fixed prompts for judging models.
package enum JudgePrompts {
  /// Never changed, so that figures of different days can be compared.
  private static let sceneSeed: UInt64 = 0x7761_6c74
  private static let firstSampleSeed: UInt64 = 1_000_000

  /// Prompts of stage A: the first half from combinations that training sees, the second half from held-out ones.
  ///
  /// Each says shape, colour, motion and background in the words of the world. A shorter list is the beginning of
  /// both halves of a longer one.
  package static func stageA(count: Int = 200) -> [JudgePrompt] {
    let half = count / 2
    return (0..<count - half).map { prompt($0, .training) } + (0..<half).map { prompt($0, .heldOut) }
  }

  /// The scenes that the prompts were written for, in the same order.
  package static func scenes(count: Int = 200) -> [Scene] {
    let half = count / 2
    return (0..<count - half).map { scene($0, .training) } + (0..<half).map { scene($0, .heldOut) }
  }

  private static func scene(_ index: Int, _ split: SceneSplit) -> Scene {
    SceneSource(seed: sceneSeed, split: split)[index]
  }

  private static func prompt(_ index: Int, _ split: SceneSplit) -> JudgePrompt {
    let scene = scene(index, split)
    var variant = 0
    var caption = scene.caption(.video, variant: variant)
    while caption.attributes.colour == nil || caption.attributes.background == nil {
      variant += 1
      caption = scene.caption(.video, variant: variant)
    }
    let seed = firstSampleSeed + UInt64(2 * index) + (split == .heldOut ? 1 : 0)
    return JudgePrompt(prompt: caption.text, seed: seed, isHeldOut: scene.isHeldOut, expected: caption.attributes)
  }
}
