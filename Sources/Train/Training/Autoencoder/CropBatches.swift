import Datasets
import Tensors

/// Crops of one group.
package struct CropBatch: Sendable {
  /// [count, frames, side, side, 3]
  let frames: Tensor
  /// How much each value's error counts, shaped as the frames.
  let weights: Tensor
}

/// Makes an autoencoder's batches: crops of rendered scenes, mostly about the object and its edges.
struct CropBatches: Sendable {
  private let crops: [AutoencoderRecipe.Crops]
  private let scenes: SceneSource
  private let seed: UInt64
  private let objectWeight: Float

  init(_ crops: [AutoencoderRecipe.Crops], objectWeight: Double, seed: UInt64) {
    self.crops = crops
    self.seed = seed
    self.objectWeight = Float(objectWeight)
    scenes = SceneSource(seed: seed)
  }

  var samplesPerBatch: Int { crops.reduce(0) { $0 + $1.count } }

  /// Crops of each group; every scene is used once.
  func batch(at number: Int) -> [CropBatch] {
    var scene = number * samplesPerBatch
    return crops.map { group in
      let drawn = (0..<group.count).map { draw(group, scene: scene + $0) }
      scene += group.count
      return CropBatch(frames: .stacking(drawn.map(\.frames)), weights: .stacking(drawn.map(\.weights)))
    }
  }

  private func draw(_ group: AutoencoderRecipe.Crops, scene index: Int) -> CropBatch {
    let scene = scenes[index]
    var draw = DrawSequence(seed: seed, index: index)
    let resolution = group.resolutions[draw.index(below: group.resolutions.count)]
    let medium: Medium = group.frameCount == 1 ? .image : .video
    let rectangle = scene.drawCrop(size: group.side, resolution: resolution, medium: medium, &draw)
    let times = medium == .image ? medium.times : times(group.frameCount, &draw)
    let mask = scene.objectMask.render(resolution: resolution, times: times, crop: rectangle)
    return CropBatch(
      frames: scene.render(resolution: resolution, times: times, crop: rectangle),
      weights: ObjectWeights.of(mask: mask, highest: objectWeight))
  }

  /// The times of `count` consecutive frames, beginning anywhere in the clip.
  private func times(_ count: Int, _ draw: inout DrawSequence) -> [Double] {
    let first = draw.index(below: max(1, World.frameCount - count + 1))
    return (first..<first + count).map { Double($0) / Double(World.frameCount - 1) }
  }
}

extension Scene {
  /// The same object, white on black: how much of it each pixel shows.
  fileprivate var objectMask: Scene {
    var mask = self
    mask.background = SceneBackground(colour: .black)
    mask.object.colour = .white
    mask.object.tint = .zero
    return mask
  }
}
