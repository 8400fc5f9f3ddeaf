/// One task, complete: all that a worker needs to know, as `task.json` in the attempt's folder.
///
/// The daemon has resolved everything: a worker decides nothing and fills in no defaults.
package struct TaskSpecification: Codable, Equatable, Sendable {
  /// The format of the folder's files; a worker refuses another one with `WorkerExitCode.badConfiguration`.
  package static let currentFormat = 1

  package var format = TaskSpecification.currentFormat
  /// The task's name: also the name of the folder above the attempt's.
  package var task: String
  /// From 1; one more each time that the task is leased.
  package var attempt: Int
  /// The model folder (`pipeline.json` and its parts), absolute.
  package var modelFolder: String
  /// The kind of kernels that this task must be computed with (`x86-64-v3`); a worker that has others answers with a
  /// failure of kind `resource`. Nil where nothing is pinned yet.
  package var kernels: String?
  package var work: Work
  /// Nil where there is no job behind it: a folder made by hand.
  package var origin: TaskOrigin?

  /// What is to be done.
  package enum Work: Equatable, Sendable {
    case text(TextWork)
    case sample(SampleWork)
    case decode(DecodeWork)
  }

  package init(
    task: String, attempt: Int, modelFolder: String, kernels: String?, work: Work, origin: TaskOrigin? = nil
  ) {
    self.task = task
    self.attempt = attempt
    self.modelFolder = modelFolder
    self.kernels = kernels
    self.work = work
    self.origin = origin
  }
}

/// Encodes the prompt, and the negative prompt where there is one. Output: `text`.
package struct TextWork: Codable, Equatable, Sendable {
  package var prompt: String
  /// Stands in for the learned null text everywhere; nil: the learned one.
  package var negativePrompt: String?

  package init(prompt: String, negativePrompt: String?) {
    self.prompt = prompt
    self.negativePrompt = negativePrompt
  }

  enum CodingKeys: String, CodingKey {
    case prompt
    case negativePrompt = "negative_prompt"
  }
}

/// Samples the latents of one chunk at one stage (`model.md` section 7). Output: `latents`, normalised,
/// `[F, h, w, c]`.
package struct SampleWork: Codable, Equatable, Sendable {
  /// 0 base, 1 first upsampler, 2 second: the place in `pipeline.json`, also the noise's stage.
  package var stage: Int
  /// From 0, in time; also the noise's chunk.
  package var chunk: Int
  /// Whether all runs with image semantics (one latent frame).
  package var isImage: Bool
  /// The key of the noise generator; 0…2^63−1.
  package var seed: Int64
  /// Output of the text task; nil for models without text.
  package var text: FileReference?
  /// For class-conditional models; stages without classes do not look at it.
  package var classLabel: Int?
  /// Latents of the same chunk from the stage below; nil at stage 0.
  package var previousStage: FileReference?
  /// Latents of the chunk before at this stage; nil for chunk 0.
  package var previousChunk: FileReference?
  /// What chunk 0 begins with; nil: nothing is given.
  package var given: GivenFrames?
  package var sampling: Sampling
  /// Where to go on from, written by an earlier attempt; nil: from the beginning.
  package var checkpoint: CheckpointReference?
  /// A checkpoint is due when this much time has passed since the one before.
  package var checkpointSeconds: Double

  package init(
    stage: Int, chunk: Int, isImage: Bool, seed: Int64, text: FileReference?, classLabel: Int?,
    previousStage: FileReference?, previousChunk: FileReference?, given: GivenFrames? = nil, sampling: Sampling,
    checkpoint: CheckpointReference?, checkpointSeconds: Double
  ) {
    self.stage = stage
    self.chunk = chunk
    self.isImage = isImage
    self.seed = seed
    self.text = text
    self.classLabel = classLabel
    self.previousStage = previousStage
    self.previousChunk = previousChunk
    self.given = given
    self.sampling = sampling
    self.checkpoint = checkpoint
    self.checkpointSeconds = checkpointSeconds
  }

  enum CodingKeys: String, CodingKey {
    case stage, chunk, seed, text, given, sampling, checkpoint
    case isImage = "is_image"
    case classLabel = "class_label"
    case previousStage = "previous_stage"
    case previousChunk = "previous_chunk"
    case checkpointSeconds = "checkpoint_seconds"
  }
}

/// Conditioning frames of a clip (`model.md` sections 3.1 and 7). Stages trained without frame prediction do not look
/// at them.
package struct GivenFrames: Codable, Equatable, Sendable {
  package enum Kind: String, Codable, Sendable {
    /// A picture (PNG, JPEG): 1 latent frame at the stage's own size.
    case image
    /// A video, whose last 5 frames become 2 latent frames.
    case video
    /// Latents of this stage, `[n, h, w, c]`, given as they are.
    case latents
  }

  package var kind: Kind
  package var file: FileReference
  /// What the request calls the picture or video, for messages; nil for latents.
  package var name: String?

  package init(_ kind: Kind, _ file: FileReference, name: String? = nil) {
    self.kind = kind
    self.file = file
    self.name = name
  }
}

/// How one stage is sampled.
package struct Sampling: Codable, Equatable, Sendable {
  /// `ddim`.
  package var sampler: String
  package var steps: Int
  /// 1: no guidance.
  package var guidanceScale: Double
  /// `constant` or `power-cosine`.
  package var guidanceSchedule: String
  package var eta: Double
  /// The noise level of the low-resolution latents; nil at stage 0.
  package var upsamplerNoise: Int?

  package init(
    sampler: String, steps: Int, guidanceScale: Double, guidanceSchedule: String, eta: Double, upsamplerNoise: Int?
  ) {
    self.sampler = sampler
    self.steps = steps
    self.guidanceScale = guidanceScale
    self.guidanceSchedule = guidanceSchedule
    self.eta = eta
    self.upsamplerNoise = upsamplerNoise
  }

  enum CodingKeys: String, CodingKey {
    case sampler, steps, eta
    case guidanceScale = "guidance_scale"
    case guidanceSchedule = "guidance_schedule"
    case upsamplerNoise = "k_sr"
  }
}

/// Decodes the chunks of a clip in order, each with a fresh stream and without its first 5 frames from the second on
/// (from the first on in a clip that continues another), trims to `frameCount` and writes the media. Outputs: those of
/// `media`.
package struct DecodeWork: Codable, Equatable, Sendable {
  /// The stage whose latents these are: its autoencoder decodes.
  package var stage: Int
  /// One for each chunk.
  package var latents: [FileReference]
  /// Whether also the first chunk begins with frames that are another clip's.
  package var continues: Bool
  /// One: an image.
  package var frameCount: Int
  package var framesPerSecond: Int
  package var media: Media
  /// A JSON object as text: what of the result is reproducible, as far as the daemon knows it. The worker adds
  /// `kernels`, `software` and `weights` (file → SHA-256), embeds it with sorted keys (the container's `comment`, the
  /// PNG's `iTXt`), and returns it as `AttemptResult.reproducible`.
  package var metadata: String

  package init(
    stage: Int, latents: [FileReference], continues: Bool = false, frameCount: Int, framesPerSecond: Int, media: Media,
    metadata: String
  ) {
    self.stage = stage
    self.latents = latents
    self.continues = continues
    self.frameCount = frameCount
    self.framesPerSecond = framesPerSecond
    self.media = media
    self.metadata = metadata
  }

  enum CodingKeys: String, CodingKey {
    case stage, latents, continues, media, metadata
    case frameCount = "frame_count"
    case framesPerSecond = "fps"
  }
}

/// Which media a decode writes, each under the name of its output.
package struct Media: Codable, Equatable, Sendable {
  /// Output `video`: `mp4`, `webm` or `mkv-ffv1`; nil: none.
  package var video: String?
  /// Output `poster`: a PNG of the first frame; of an image it is the image.
  package var poster: Bool
  /// Outputs `frame-000000` …: each frame as a PNG.
  package var frames: Bool
  /// Output `latents`: those of every chunk, `chunk-0` … in one file.
  package var latents: Bool

  package init(video: String?, poster: Bool, frames: Bool, latents: Bool = false) {
    self.video = video
    self.poster = poster
    self.frames = frames
    self.latents = latents
  }
}
