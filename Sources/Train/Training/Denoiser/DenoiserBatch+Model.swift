import Diffusion
import Tensors
import VideoTransformer

extension DenoiserBatch {
  /// The captions that are not dropped, in the order of the conditions.
  var captions: [String] { items.flatMap(\.conditions).compactMap(\.caption) }

  /// x̂0 of a predicted velocity [B, F, h, w, c], each condition at its own timestep.
  func cleanEstimate(velocity: Tensor, schedule: NoiseSchedule) -> Tensor {
    let estimates = items.enumerated().map { index, item in
      let framesEach = velocity.shape[1] / item.conditions.count
      return Tensor.concatenating(
        item.conditions.enumerated().map { position, condition in
          let frames = (position * framesEach)..<((position + 1) * framesEach)
          return Velocity(gamma: schedule.gamma(condition.timestep))
            .clean(x: noisy[index].rows(frames), velocity: velocity[index].rows(frames))
        })
    }
    return .stacking(estimates)
  }
}

extension DenoiserInput {
  /// What the network is told of a batch.
  init(_ batch: DenoiserBatch, frameCount: Int) {
    var textCount = 0
    var conditions: [DenoiserCondition] = []
    var conditionOfFrame: [Int] = []
    for item in batch.items {
      for condition in item.conditions {
        let framesEach = frameCount / item.conditions.count
        conditionOfFrame += [Int](repeating: conditions.count, count: framesEach)
        conditions.append(
          DenoiserCondition(
            timestep: Double(condition.timestep), augmentationTimestep: Double(condition.augmentation ?? -1),
            classLabel: condition.classLabel, text: condition.caption == nil ? nil : textCount))
        if condition.caption != nil { textCount += 1 }
      }
    }
    self.init(
      latents: batch.noisy, conditions: conditions, conditionOfFrame: conditionOfFrame,
      isImageStack: batch.items.map(\.isImageStack), lowResolution: batch.lowResolution)
    if batch.items.contains(where: { $0.givenFrameCount > 0 && $0.showsGivenFrames }) {
      givenFrames = batch.items.enumerated().map { index, item in
        item.givenFrameCount > 0 && item.showsGivenFrames ? batch.clean[index].rows(0..<item.givenFrameCount) : nil
      }
    }
  }
}
