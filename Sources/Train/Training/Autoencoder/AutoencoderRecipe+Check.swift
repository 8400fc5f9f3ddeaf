import Datasets
import VideoAutoencoder

extension AutoencoderRecipe {
  /// Frames of the clips that the latents' statistics are taken over and that are measured. A data set needs videos
  /// only where there are crops of videos.
  var measuredFrameCounts: [Int] {
    data != nil && crops.allSatisfy { $0.frameCount == 1 } ? [1] : [1, World.frameCount]
  }

  /// Refuses what a model cannot encode, in training or when it is measured, and views that the built-in world cannot
  /// draw.
  ///
  /// - Throws: `TrainingError`.
  func check(against model: AutoencoderConfiguration) throws {
    func refusal(_ problem: String) -> TrainingError { TrainingError(.recipe, "read the recipe: \(problem)") }
    guard model.pixelChannels == 3 else {
      throw refusal("its model takes pixels of \(model.pixelChannels) channels, videos have 3; change in_channels")
    }
    let frameCounts = Set(crops.map(\.frameCount) + measuredFrameCounts)
    if let count = frameCounts.sorted().first(where: { ($0 - 1) % model.temporalFactor != 0 }) {
      throw refusal(
        "clips of \(count) frames are trained on or measured, its model takes 1 + a multiple of "
          + "\(model.temporalFactor); change frames or temporal_down")
    }
    let views = crops.flatMap(\.resolutions) + (data == nil ? SceneCrops.heldResolutions : [])
    let sides = Set(crops.map(\.side) + views)
    if let side = sides.sorted().first(where: { $0 % model.spatialFactor != 0 }) {
      throw refusal(
        "frames of \(side) pixels a side are trained on or measured, its model takes multiples of "
          + "\(model.spatialFactor); change side, resolutions or channel_mult")
    }
    if data == nil, let view = views.first(where: { World.drawingResolution % $0 != 0 }) {
      throw refusal(
        "resolutions has \(view), the built-in world draws divisors of \(World.drawingResolution); take another")
    }
  }
}
