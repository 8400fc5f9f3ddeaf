/// What a task computes: the texts, one stage of the cascade, or the pixels.
package enum TaskStage: String, CaseIterable, Codable, Sendable {
  case text, base, sr1, sr2, decode

  package init(_ stage: StageName) {
    switch stage {
    case .base: self = .base
    case .sr1: self = .sr1
    case .sr2: self = .sr2
    }
  }

  /// The model's stage; nil for texts and pixels.
  package var stage: StageName? { StageName(rawValue: rawValue) }
}

/// The tasks of one clip and which of them must be done before which.
///
/// A clip is sampled part after part: its chunks, and before them the image that is its first frame, where that is
/// generated.
package struct TaskPlan: Equatable, Sendable {
  /// What one part is.
  package enum Part: Equatable, Sendable {
    /// The image that chunk 0 begins with.
    case firstFrame
    /// A chunk of the clip, from 0.
    case chunk(Int)
  }

  /// One task by its place in the clip.
  package struct Step: Hashable, Sendable {
    package let stage: TaskStage
    /// The part's number, from 0; 0 for texts and pixels: those are one task for the whole clip.
    package let chunk: Int

    package init(_ stage: TaskStage, chunk: Int = 0) {
      self.stage = stage
      self.chunk = chunk
    }
  }

  package let stages: [StageName]
  package let chunkCount: Int
  /// False for models without a text encoder.
  package let hasText: Bool
  package let generatesFirstFrame: Bool

  package init(stages: [StageName], chunkCount: Int, hasText: Bool, generatesFirstFrame: Bool = false) {
    precondition(!stages.isEmpty && chunkCount > 0, "a clip has stages (\(stages.count)) and chunks (\(chunkCount))")
    self.stages = stages
    self.chunkCount = chunkCount
    self.hasText = hasText
    self.generatesFirstFrame = generatesFirstFrame
  }

  package var partCount: Int { chunkCount + (generatesFirstFrame ? 1 : 0) }

  package func part(_ number: Int) -> Part {
    guard generatesFirstFrame else { return .chunk(number) }
    return number == 0 ? .firstFrame : .chunk(number - 1)
  }

  /// The numbers of the parts that are decoded into the clip, in order.
  package var chunkNumbers: Range<Int> { partCount - chunkCount..<partCount }

  /// Every task, each after those it needs.
  package var steps: [Step] {
    let texts = hasText ? [Step(.text)] : []
    let samples = stages.flatMap { stage in (0..<partCount).map { Step(TaskStage(stage), chunk: $0) } }
    return texts + samples + [Step(.decode)]
  }

  /// What `step` reads: (s, j) needs (s, j − 1) and (s − 1, j), the first stage the texts, the pixels every part of
  /// the last stage (`model.md`, section 7).
  package func predecessors(of step: Step) -> [Step] {
    guard let stage = step.stage.stage else {
      if step.stage == .text { return [] }
      return (0..<partCount).map { Step(TaskStage(stages[stages.count - 1]), chunk: $0) }
    }
    var needed = hasText ? [Step(.text)] : []
    if let index = stages.firstIndex(of: stage), index > 0 {
      needed.append(Step(TaskStage(stages[index - 1]), chunk: step.chunk))
    }
    if step.chunk > 0 { needed.append(Step(step.stage, chunk: step.chunk - 1)) }
    return needed
  }
}
