import Datasets
import Tensors

/// Latents of many examples, all videos or all images, with what is said of them.
package struct LatentExamples: Sendable {
  /// Normalised latents of one resolution: [n, F, h, w, c], F = 1 for images.
  private let latents: Tensor
  /// Those of half the resolution, for an upsampler.
  private let lowResolution: Tensor?
  private let source: any ExampleSource

  /// - Precondition: both tensors hold as many examples, at least one.
  package init(latents: Tensor, lowResolution: Tensor?, of source: any ExampleSource) {
    precondition(latents.shape[0] > 0, "no latents to train on")
    precondition(
      lowResolution.map { $0.shape[0] == latents.shape[0] } ?? true,
      "\(latents.shape[0]) latents, \(lowResolution?.shape[0] ?? 0) of low resolution")
    self.latents = latents
    self.lowResolution = lowResolution
    self.source = source
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

  /// Nil where nothing is said of the example.
  package func caption(of index: Int, _ draw: inout DrawSequence) -> String? { source.caption(index, &draw) }

  /// Nil where the example is of no class.
  package func classLabel(of index: Int) -> Int? { source.classLabel(index) }

  /// Of those examples that are of a class.
  var labels: [Int] { (0..<count).compactMap(classLabel(of:)) }
}
