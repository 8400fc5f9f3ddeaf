import Tensors

/// Crops of one group.
package struct CropBatch: Sendable {
  /// [count, frames, side, side, 3]; of a single crop without the first axis.
  let frames: Tensor
  /// How much each value's error counts, shaped as the frames.
  let weights: Tensor
  /// Of a group with upsampled latents: what each clip is made from.
  var upsampling: [ClipMaker.Request] = []
}

/// Makes an autoencoder's batches from crops of its data.
struct CropBatches: Sendable {
  private let crops: [AutoencoderRecipe.Crops]
  private let data: any AutoencoderData

  init(_ crops: [AutoencoderRecipe.Crops], of data: any AutoencoderData) {
    self.crops = crops
    self.data = data
  }

  var samplesPerBatch: Int { crops.reduce(0) { $0 + $1.count } }

  /// Crops of each group; every index is used once.
  func batch(at number: Int) throws -> [CropBatch] {
    var index = number * samplesPerBatch
    return try crops.map { group in
      let drawn = try (0..<group.count).map { try data.crop(group, index: index + $0) }
      index += group.count
      return CropBatch(
        frames: .stacking(drawn.map(\.frames)), weights: .stacking(drawn.map(\.weights)),
        upsampling: drawn.flatMap(\.upsampling))
    }
  }
}
