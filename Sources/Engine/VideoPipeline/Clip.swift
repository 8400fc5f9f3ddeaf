import Diffusion

/// One clip that is wanted, everything resolved: what the pipeline needs to know, and nothing about who asked.
package struct Clip: Sendable {
  package var prompt: String
  /// Stands in for the learned null text of guidance; nil: the learned one.
  package var negativePrompt: String?
  /// For class-conditional models.
  package var classLabel: Int?
  package var seed: UInt64
  /// The clip's number in its request; 0 in the service, where each clip has a seed of its own.
  package var item = 0
  /// Pixel frames; 1 is an image.
  package var frameCount: Int
  /// One for each stage that is run, the base first.
  package var stages: [StageSampling]

  package init(
    prompt: String, negativePrompt: String? = nil, classLabel: Int? = nil, seed: UInt64, item: Int = 0,
    frameCount: Int, stages: [StageSampling]
  ) {
    self.prompt = prompt
    self.negativePrompt = negativePrompt
    self.classLabel = classLabel
    self.seed = seed
    self.item = item
    self.frameCount = frameCount
    self.stages = stages
  }

  package var isImage: Bool { frameCount == 1 }

  /// How many chunks are sampled one after the other.
  package var chunkCount: Int { ChunkLayout.chunkCount(frameCount: frameCount) }
}

/// How one stage of a clip is sampled.
package struct StageSampling: Sendable, Equatable {
  package var stepCount: Int
  package var guidance: Guidance
  /// η of DDIM; 0 is deterministic.
  package var eta: Double
  /// k_sr, the timestep whose noise is added to the low-resolution latents; −1 for none. Only upsamplers look at it.
  package var augmentationTimestep: Int

  package init(stepCount: Int, guidance: Guidance, eta: Double = 0, augmentationTimestep: Int = 100) {
    self.stepCount = stepCount
    self.guidance = guidance
    self.eta = eta
    self.augmentationTimestep = augmentationTimestep
  }
}

extension PipelineConfiguration {
  /// What a request gets that says nothing about sampling: the model folder's own values, one for each stage.
  package var defaultSampling: [StageSampling] {
    stages.map { stage in
      StageSampling(
        stepCount: stage.steps ?? sampler.steps, guidance: .constant(stage.guidance), eta: sampler.eta,
        augmentationTimestep: Int(stage.augmentationTimestep))
    }
  }

  /// The noise schedule that the models were trained with.
  package var noiseSchedule: NoiseSchedule {
    NoiseSchedule(
      timestepCount: diffusion.steps, betaStart: diffusion.betaStart, betaEnd: diffusion.betaEnd,
      zeroTerminalSNR: diffusion.zeroTerminalSNR)
  }
}
