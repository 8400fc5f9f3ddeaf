import Kernels
import Tensors
import VideoPipeline

/// Makes many clips of 17 frames with a model, several at a time.
package struct ClipMaker {
  /// One clip that is wanted.
  package struct Request: Sendable {
    package let prompt: String
    package let seed: UInt64
    /// Frames of the size of the last stage that is not sampled, [F, H, W, 3], where the maker does not begin with the
    /// base.
    package let frames: Tensor?

    package init(prompt: String, seed: UInt64, frames: Tensor? = nil) {
      self.prompt = prompt
      self.seed = seed
      self.frames = frames
    }
  }

  /// Pixels of a side of the frames that the requests must have; nil where every stage is sampled.
  package let frameSize: Int?

  private let cascade: Cascade
  private let sampling: [StageSampling]
  private let firstStage: Int
  private let frameCount: Int
  private let batchSize: Int

  /// - Parameters:
  ///   - sampling: one for each stage of the clips.
  ///   - firstStage: the first that is sampled; the latents of the one below are those of the requests' frames.
  ///   - frameCount: 17, or 1 for images.
  package init(
    model: VideoModel, sampling: [StageSampling], firstStage: Int = 0, frameCount: Int = 17, batchSize: Int = 8,
    on device: ComputeDevice
  ) throws {
    cascade = Cascade(model: model, device: device)
    frameSize = firstStage > 0 ? try cascade.pixelSize(stage: firstStage - 1).width : nil
    self.sampling = sampling
    self.firstStage = firstStage
    self.frameCount = frameCount
    self.batchSize = batchSize
  }

  /// The clips' pixels, [F, H, W, 3] each, in the order of the requests; each clip is what it would be alone.
  ///
  /// - Parameter finished: told of every clip as it is done, in order.
  package func make(_ requests: [Request], finished: (Int, Tensor) throws -> Void) throws {
    for start in stride(from: 0, to: requests.count, by: batchSize) {
      let batch = Array(requests[start..<min(start + batchSize, requests.count)])
      for (offset, latents) in try latents(of: batch).enumerated() {
        try finished(start + offset, cascade.decodeChunk(latents, stage: sampling.count - 1))
      }
    }
  }

  /// The last stage's latents of clips that are made together, normalised, [F, h, w, c] each.
  package func latents(of batch: [Request]) throws -> [Tensor] {
    let texts = try cascade.encode(batch.map(\.prompt))
    let clips = batch.map {
      Clip(prompt: $0.prompt, seed: $0.seed, frameCount: frameCount, stages: sampling)
    }
    var below = try batch.map { request in
      try request.frames.map { try cascade.encode(frames: $0, stage: firstStage - 1) }
    }
    for stage in firstStage..<sampling.count {
      let items = clips.indices.map {
        cascade.item(
          clips[$0], stage: stage, chunk: 0, text: (texts[$0], nil), below: below[$0], given: nil)
      }
      let sampler = try cascade.sampler(stage: stage, items: items)
      while !sampler.isFinished { sampler.step() }
      below = items.indices.map { sampler.result($0) }
    }
    return below.compactMap { $0 }
  }
}
