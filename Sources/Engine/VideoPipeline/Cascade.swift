import Autograd
import Diffusion
import Kernels
import Tensors
import VideoAutoencoder

/// The cascade of W.A.L.T (§4.5, §5.3, App. A; `model.md` section 7): text → base latents → two upsamplers, each
/// denoising in the latent space of the autoencoder → pixels.
///
/// These are the steps between which work may be interrupted, saved and moved; `generate` does them all in a row.
package struct Cascade {
  package let model: VideoModel
  package let device: ComputeDevice

  package init(model: VideoModel, device: ComputeDevice) {
    self.model = model
    self.device = device
  }

  // 1. Text ----------------------------------------------------------------------------------------------------------

  /// Encodes prompts, all in one pass: [tokens, d_text] each, normal ones and negative ones alike.
  package func encode(_ prompts: [String]) throws -> [Tensor] {
    let tokenizer = try model.loadedTokenizer()
    return try encode(tokens: prompts.map { try tokenizer.encode($0) })
  }

  /// The same for prompts that are token ids already.
  package func encode(tokens: [[Int]]) throws -> [Tensor] {
    let encoder = try model.loadedTextEncoder()
    let encoded = encoder.encode(tokens, on: Tape(device: device, recording: false))
    return encoded.ranges.map { encoded.rows.value.rows($0) }
  }

  // 2. Each stage, chunk after chunk ---------------------------------------------------------------------------------

  /// What conditions chunk `chunk` of a clip at `stage`.
  ///
  /// - Parameters:
  ///   - text: the encoded prompt, and the encoded negative prompt where there is one.
  ///   - below: latents of the same chunk from the stage below; nil for the base.
  ///   - given: latents that the chunk begins with: `continuation` of the chunk before, or an encoded image.
  package func item(
    _ clip: Clip, stage: Int, chunk: Int, text: (prompt: Tensor, negative: Tensor?)?, below: Tensor?, given: Tensor?
  ) -> StageItem {
    StageItem(
      noise: NoiseKey(seed: clip.seed, stage: stage, chunk: chunk, item: clip.item), sampling: clip.stages[stage],
      isImage: clip.isImage, classLabel: clip.classLabel, text: text?.prompt, negativeText: text?.negative,
      lowResolution: below, givenFrames: given)
  }

  /// The sampler of one stage for clips that are done together.
  ///
  /// - Parameter states: where to go on from; nil to begin.
  package func sampler(stage: Int, items: [StageItem], states: [SamplerState?]? = nil) throws -> StageSampler {
    try StageSampler(
      denoiser: model.denoiser(stage: stage), schedule: model.schedule, items: items, states: states,
      dropsGivenFrames: model.configuration.sampler.dropsFramePrediction, on: device)
  }

  /// Refuses an item, or a state to go on from, that does not suit the model of its stage.
  ///
  /// - Throws: `PipelineError`.
  package func check(_ item: StageItem, state: SamplerState? = nil) throws {
    let denoiser = try model.denoiser(stage: item.noise.stage).configuration
    let shape = denoiser.latentShape(isImage: item.isImage)
    try item.check(against: denoiser, latentShape: shape)
    if let state { try state.check(stepCount: item.sampling.stepCount, latentShape: shape) }
  }

  /// The latents that the chunk after `latents` begins with (App. A): the last 5 decoded frames, encoded as a clip of
  /// their own; nil for models without frame prediction, whose chunks do not know each other.
  package func continuation(of latents: Tensor, stage: Int) throws -> Tensor? {
    guard try model.denoiser(stage: stage).configuration.hasFramePrediction else { return nil }
    try checkContinues(stage: stage)
    let pixels = try decodeChunk(latents, stage: stage)
    let last = pixels.rows((pixels.shape[0] - ChunkLayout.overlap)..<pixels.shape[0])
    return try encode(frames: last.map { max(-1, min(1, $0)) }, stage: stage)
  }

  /// How a clip is cut into chunks at `stage`.
  package func layout(stage: Int) throws -> ChunkLayout {
    let frames = try model.denoiser(stage: stage).configuration.frames
    return ChunkLayout(
      chunkFrameCount: try model.autoencoder(stage: stage).configuration.frameCount(ofLatentFrames: frames))
  }

  /// Chunks of a clip at `stage`.
  ///
  /// - Throws: `PipelineError` where one chunk is not enough and none can follow it.
  private func chunkCount(_ clip: Clip, stage: Int) throws -> Int {
    let layout = try layout(stage: stage)
    guard let count = layout.chunkCount(frameCount: clip.frameCount) else {
      throw PipelineError(
        .unsupported,
        "make \(clip.frameCount) frames: the model makes \(layout.chunkFrameCount) and cannot go on from them")
    }
    return count
  }

  /// Refuses models whose autoencoder does not make 2 latent frames of the frames that chunks share.
  private func checkContinues(stage: Int) throws {
    let (factor, layout) = (try model.autoencoder(stage: stage).configuration.temporalFactor, try layout(stage: stage))
    guard factor == ChunkLayout.overlap - 1, layout.chunkFrameCount > ChunkLayout.overlap else {
      throw PipelineError(
        .unsupported,
        "go on from \(ChunkLayout.overlap) frames: a chunk of this model has \(layout.chunkFrameCount), "
          + "\(factor) for each latent frame; needed are more than \(ChunkLayout.overlap), \(ChunkLayout.overlap - 1) "
          + "for each")
    }
  }

  /// Width and height in pixels of what `stage` makes.
  package func pixelSize(stage: Int) throws -> (width: Int, height: Int) {
    let size = try model.denoiser(stage: stage).configuration.size
    let factor = try model.autoencoder(stage: stage).configuration.spatialFactor
    return (size.width * factor, size.height * factor)
  }

  /// Frames [F, H, W, 3] at the size of `stage` → normalised latents [1 + (F − 1)/4, h, w, c].
  package func encode(frames: Tensor, stage: Int) throws -> Tensor {
    let autoencoder = try model.autoencoder(stage: stage)
    return autoencoder.encode(frames.reshaped([1] + frames.shape), on: device)[0]
  }

  // 3. Pixels --------------------------------------------------------------------------------------------------------

  /// One chunk's latents [F, h, w, c] → frames [1 + 4·(F − 1), H, W, 3], not clamped. Large ones are decoded in bounded
  /// memory.
  package func decodeChunk(_ latents: Tensor, stage: Int) throws -> Tensor {
    let autoencoder = try model.autoencoder(stage: stage)
    return autoencoder.decode(
      latents.reshaped([1] + latents.shape), on: device, activationLimit: VideoAutoencoder.activationLimit)[0]
  }

  /// Refuses latents that the decoder of `stage` cannot take.
  ///
  /// - Throws: `PipelineError`.
  package func check(latents: Tensor, stage: Int) throws {
    let channels = try model.autoencoder(stage: stage).configuration.latentChannels
    guard latents.shape.count == 4, latents.count > 0, latents.shape[3] == channels else {
      throw PipelineError(
        .wrongShape,
        "decode latents: they are \(latents.shape), expected [F, h, w, \(channels)]; are they of this model?")
    }
  }

  /// The frames that chunk `chunk` adds to its clip: all of the first, later ones without what they share.
  ///
  /// - Parameter continues: whether also the first chunk begins with frames that are another clip's.
  package func newFrames(_ latents: Tensor, stage: Int, chunk: Int, continues: Bool = false) throws -> Tensor {
    if chunk > 0 || continues { try checkContinues(stage: stage) }
    let pixels = try decodeChunk(latents, stage: stage)
    return pixels.rows(
      ChunkLayout.newFrames(ofChunk: chunk, decodedCount: pixels.shape[0], continues: continues))
  }

  // All in a row -----------------------------------------------------------------------------------------------------

  /// Latents of every stage and chunk, and the clip's frames.
  package struct Result {
    /// [stage][chunk], each [F, h, w, c], normalised.
    package var latents: [[Tensor]]
    /// [frameCount, H, W, 3], not clamped.
    package var pixels: Tensor
  }

  /// Makes a whole clip.
  ///
  /// - Parameter firstFrames: for image-to-video, the given first frame [1, H, W, 3] at the size of each stage.
  package func generate(_ clip: Clip, firstFrames: [Tensor]? = nil) throws -> Result {
    let encoded = try encode([clip.prompt] + [clip.negativePrompt].compactMap { $0 })
    return try generate(
      clip, text: (encoded[0], encoded.count > 1 ? encoded[1] : nil), firstFrames: firstFrames)
  }

  /// The same from an encoded prompt; nil for models without text.
  package func generate(
    _ clip: Clip, text: (prompt: Tensor, negative: Tensor?)?, firstFrames: [Tensor]? = nil
  ) throws -> Result {
    var latents: [[Tensor]] = []
    let chunkCount = try chunkCount(clip, stage: 0)
    for stage in clip.stages.indices {
      var chunks: [Tensor] = []
      let predictsFrames = try model.denoiser(stage: stage).configuration.hasFramePrediction
      for chunk in 0..<chunkCount {
        let given =
          try chunk > 0
          ? continuation(of: chunks[chunk - 1], stage: stage)
          : predictsFrames ? firstFrames.map { try encode(frames: $0[stage], stage: stage) } : nil
        let below = stage > 0 ? latents[stage - 1][chunk] : nil
        let item = item(clip, stage: stage, chunk: chunk, text: text, below: below, given: given)
        let sampler = try sampler(stage: stage, items: [item])
        while !sampler.isFinished { sampler.step() }
        chunks.append(sampler.result(0))
      }
      latents.append(chunks)
    }
    let top = clip.stages.count - 1
    let frames = try latents[top].enumerated().map { try newFrames($1, stage: top, chunk: $0) }
    return Result(latents: latents, pixels: Tensor.concatenating(frames).rows(0..<clip.frameCount))
  }
}
