import Datasets
import Diffusion
import Evaluation
import Kernels
import MediaIO
import Tensors
import VideoAutoencoder
import VideoPipeline

extension DenoiserTask {
  /// Held clips by their captions: what the autoencoder keeps of each to the left of what is sampled. Upsamplers are
  /// given the true low-resolution latents.
  package func writeSheet(to path: String, on device: ComputeDevice) throws {
    let count = min(6, heldVideos.count)
    var draw = DrawSequence(seed: run.seed, index: 0)
    let captions = (0..<count).map { heldVideos.caption(of: $0, &draw) }
    let samples = try sample(captions, on: device)
    var clips: [RGBFrames] = []
    for (index, latents) in samples.enumerated() {
      for latents in [heldVideos.latent(of: index), latents] {
        let pixels = autoencoder.decode(latents.reshaped([1] + latents.shape), on: device)[0]
        clips.append(RGBFrames(pixels).enlarged(by: max(1, 128 / pixels.shape[2])))
      }
    }
    let labels = captions.flatMap { [$0 ?? "held", "sampled"] }
    try ContactSheet(framesPerClip: 4, clipsPerRow: 2).write(clips, labels: labels, to: path)
  }

  /// Latents of held clips 0, 1, … in few steps, [F, h, w, c] each.
  private func sample(_ captions: [String?], on device: ComputeDevice) throws -> [Tensor] {
    // A clip that nothing is said of is sampled by the null text.
    let spoken = captions.indices.filter { captions[$0] != nil }
    let texts = try text?.encode(spoken.compactMap { captions[$0] }, on: device)
    let isUpsampler = model.configuration.isUpsampler
    let items = captions.indices.map { index in
      StageItem(
        noise: NoiseKey(seed: run.seed, stage: 0, item: index),
        sampling: StageSampling(stepCount: 20, guidance: .constant(isUpsampler ? 1 : 3)),
        // Images stand in for videos where training sees no others.
        isImage: heldVideos.latent(of: index).shape[0] == 1,
        classLabel: model.configuration.classes > 0 ? heldVideos.classLabel(of: index) : nil,
        text: texts.flatMap { texts in
          spoken.firstIndex(of: index).flatMap { texts.rows?.rows(texts.ranges[$0]) }
        },
        lowResolution: isUpsampler ? heldVideos.lowResolutionLatent(of: index) : nil)
    }
    let sampler = try StageSampler(denoiser: model, schedule: schedule, items: items, on: device)
    while !sampler.isFinished { sampler.step() }
    return items.indices.map { sampler.result($0) }
  }
}
