import Datasets
import Tensors

/// Makes an autoencoder's batches: crops of rendered scenes, mostly about the object and its edges.
struct CropBatches: Sendable {
  private let crops: [AutoencoderRecipe.Crops]
  private let scenes: SceneSource
  private let seed: UInt64

  init(_ crops: [AutoencoderRecipe.Crops], seed: UInt64) {
    self.crops = crops
    self.seed = seed
    scenes = SceneSource(seed: seed)
  }

  var samplesPerStep: Int { crops.reduce(0) { $0 + $1.count } }

  /// One tensor [count, frames, side, side, 3] for each group; every scene is used once.
  func batch(at step: Int) -> [Tensor] {
    var scene = step * samplesPerStep
    return crops.map { group in
      let drawn = (0..<group.count).map { draw(group, scene: scene + $0) }
      scene += group.count
      return .stacking(drawn)
    }
  }

  private func draw(_ group: AutoencoderRecipe.Crops, scene index: Int) -> Tensor {
    let scene = scenes[index]
    var draw = DrawSequence(seed: seed, index: index)
    let resolution = group.resolutions[draw.index(below: group.resolutions.count)]
    let medium: Medium = group.frameCount == 1 ? .image : .video
    let rectangle = scene.drawCrop(size: group.side, resolution: resolution, medium: medium, &draw)
    let times = medium == .image ? medium.times : times(group.frameCount, &draw)
    return scene.render(resolution: resolution, times: times, crop: rectangle)
  }

  /// The times of `count` consecutive frames, beginning anywhere in the clip.
  private func times(_ count: Int, _ draw: inout DrawSequence) -> [Double] {
    let first = draw.index(below: max(1, World.frameCount - count + 1))
    return (first..<first + count).map { Double($0) / Double(World.frameCount - 1) }
  }
}
