import Tensors

/// Captioned examples of one medium, numbered from 0: what latents are made of.
package protocol ExampleSource: Sendable {
  /// Names the content for caches: examples of equal names have equal pixels.
  var contentName: String { get }
  var medium: Medium { get }
  /// How many there are; nil without end.
  var availableCount: Int? { get }

  /// Pixels of a square view of `resolution` a side, [T, resolution, resolution, 3] in [−1, 1]; T = 1 for images.
  func frames(_ index: Int, resolution: Int) throws -> Tensor
  /// One of what may be said of the example; nil where nothing is.
  func caption(_ index: Int, _ draw: inout DrawSequence) -> String?
  func classLabel(_ index: Int) -> Int?
}

/// Scenes of the built-in world as examples.
package struct SceneExamples: ExampleSource {
  private let scenes: SceneSource
  package let medium: Medium

  package init(_ scenes: SceneSource, _ medium: Medium) {
    self.scenes = scenes
    self.medium = medium
  }

  package var contentName: String { "\(scenes.split.rawValue)-\(scenes.seed)" }
  package var availableCount: Int? { nil }

  package func frames(_ index: Int, resolution: Int) -> Tensor {
    scenes[index].render(resolution: resolution, times: medium.times)
  }

  package func caption(_ index: Int, _ draw: inout DrawSequence) -> String? {
    scenes[index].caption(medium, variant: draw.index(below: 1 << 20)).text
  }

  package func classLabel(_ index: Int) -> Int? { scenes[index].classLabel }
}
