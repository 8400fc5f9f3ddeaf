/// What of a job's parameters is needed while it runs: its plan, how large its tasks are, and which are alike.
package struct JobOutline: Equatable, Sendable {
  /// The model's folder that has the wanted size; nil for the model itself.
  package let variant: String?
  package let plan: TaskPlan
  private let isImage: Bool
  private let stages: [ResolvedRequest.Stage]
  private let output: OutputChoice

  package init(_ parameters: ResolvedRequest) {
    variant = parameters.variant
    plan = parameters.plan
    isImage = parameters.isImage
    stages = parameters.stages
    output = parameters.output
  }

  /// Tasks of one kind cost the same by unit; those of the same model and stage run as one batch.
  package func kind(_ step: TaskPlan.Step) -> String {
    switch step.stage {
    case .text: return "text"
    case .decode:
      return [isImage ? "image" : output.video.rawValue, output.frames ? "frames" : nil]
        .compactMap { $0 }.joined(separator: " ")
    case .base, .sr1, .sr2:
      let guidance = stage(step.stage)?.guidanceScale ?? 1
      return [makesImage(step) ? "image" : step.chunk == 0 ? "first" : "next", guidance == 1 ? nil : "guided"]
        .compactMap { $0 }.joined(separator: " ")
    }
  }

  /// Units of work in one task: steps of the sampler, chunks of a decode.
  package func unitCount(_ step: TaskPlan.Step) -> Int {
    switch step.stage {
    case .text: 1
    case .decode: plan.chunkCount
    case .base, .sr1, .sr2: stage(step.stage)?.steps ?? 1
    }
  }

  /// Images and videos do not share passes.
  package func makesImage(_ step: TaskPlan.Step) -> Bool {
    isImage || (step.stage.stage != nil && plan.part(step.chunk) == .firstFrame)
  }

  private func stage(_ stage: TaskStage) -> ResolvedRequest.Stage? { stages.first { TaskStage($0.name) == stage } }
}
