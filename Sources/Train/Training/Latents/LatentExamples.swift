import Datasets
import Tensors

/// Latents of many scenes, all videos or all images, with what is said of them.
package struct LatentExamples: Sendable {
  /// Normalised latents of one resolution: [n, F, h, w, c], F = 1 for images.
  private let latents: Tensor
  /// Those of half the resolution, for an upsampler.
  private let lowResolution: Tensor?
  /// A caption of a scene, one of many.
  private let caption: @Sendable (_ index: Int, inout DrawSequence) -> String

  /// The class of a scene.
  private let label: @Sendable (_ index: Int) -> Int

  /// - Precondition: both tensors hold as many scenes, at least one.
  package init(
    latents: Tensor, lowResolution: Tensor?, label: @escaping @Sendable (_ index: Int) -> Int,
    caption: @escaping @Sendable (_ index: Int, inout DrawSequence) -> String
  ) {
    precondition(latents.shape[0] > 0, "no latents to train on")
    precondition(
      lowResolution.map { $0.shape[0] == latents.shape[0] } ?? true,
      "\(latents.shape[0]) latents, \(lowResolution?.shape[0] ?? 0) of low resolution")
    self.latents = latents
    self.lowResolution = lowResolution
    self.caption = caption
    self.label = label
  }

  package var count: Int { latents.shape[0] }
  package var hasLowResolution: Bool { lowResolution != nil }

  package func pick(_ draw: inout DrawSequence) -> Int { draw.index(below: count) }

  /// [F, h, w, c]
  package func latent(of index: Int) -> Tensor { latents[index] }

  /// [F, h/2, w/2, c]
  package func lowResolutionLatent(of index: Int) -> Tensor {
    guard let lowResolution else { preconditionFailure("these examples have no low resolution") }
    return lowResolution[index]
  }

  package func caption(of index: Int, _ draw: inout DrawSequence) -> String { caption(index, &draw) }

  package func classLabel(of index: Int) -> Int { label(index) }
}
