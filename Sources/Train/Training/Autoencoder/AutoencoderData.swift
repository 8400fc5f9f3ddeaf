import Datasets
import Tensors

/// What an autoencoder trains on, is measured with and shown on.
protocol AutoencoderData: Sendable {
  /// A crop of the group's shape; the same for the same index.
  func crop(_ group: AutoencoderRecipe.Crops, index: Int) throws -> CropBatch
  /// Clips and images [T, H, W, 3] that the latents' statistics are taken over, given one by one.
  func forEachStatisticsClip(_ recipe: AutoencoderRecipe, _ body: (Tensor) throws -> Void) throws
  /// Clips that training never sees, [T, H, W, 3] in groups by kind and size.
  func heldClips() throws -> [(name: String, clips: [Tensor])]
  /// Some of them for the eye.
  func sheetClips() throws -> [Tensor]
}

/// The built-in world: crops mostly about the object and its edges, which weigh more.
struct SceneCrops: AutoencoderData {
  /// Pixels of a side of the clips that training never sees.
  static let heldResolutions = [32, 64, 128]
  private let scenes: SceneSource
  private let held = SceneSource(seed: AutoencoderTask.heldSeed)
  private let seed: UInt64
  private let objectWeight: Float
  /// Pixels of a side of the clips that latents are upsampled from.
  private let upsampledSide: Int?

  init(seed: UInt64, objectWeight: Double, upsampledSide: Int?) {
    self.seed = seed
    self.objectWeight = Float(objectWeight)
    self.upsampledSide = upsampledSide
    scenes = SceneSource(seed: seed)
  }

  func crop(_ group: AutoencoderRecipe.Crops, index: Int) -> CropBatch {
    if group.latents == .upsampled { return upsampledClip(group, index: index) }
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

  /// The first frames of a clip, with what its latents are upsampled from: all of it, smaller.
  private func upsampledClip(_ group: AutoencoderRecipe.Crops, index: Int) -> CropBatch {
    guard let upsampledSide else { preconditionFailure("no cascade for upsampled latents") }
    let scene = scenes[index]
    let times = Array(Medium.video.times.prefix(group.frameCount))
    let mask = scene.objectMask.render(resolution: group.side, times: times)
    let request = ClipMaker.Request(
      prompt: scene.caption(variant: index).text, seed: seed &+ UInt64(index),
      frames: scene.render(resolution: upsampledSide))
    return CropBatch(
      frames: scene.render(resolution: group.side, times: times),
      weights: ObjectWeights.of(mask: mask, highest: objectWeight), upsampling: [request])
  }

  /// The times of `count` consecutive frames, beginning anywhere in the clip.
  private func times(_ count: Int, _ draw: inout DrawSequence) -> [Double] {
    let first = draw.index(below: max(1, World.frameCount - count + 1))
    return (first..<first + count).map { Double($0) / Double(World.frameCount - 1) }
  }

  func forEachStatisticsClip(_ recipe: AutoencoderRecipe, _ body: (Tensor) throws -> Void) throws {
    for resolution in Set(recipe.crops.flatMap(\.resolutions)).sorted() {
      // Equal weight to every resolution: fewer scenes where each has more latents.
      let count = max(1, recipe.statisticsSceneCount * 32 * 32 / (resolution * resolution))
      for index in 0..<count {
        for medium in Medium.allCases {
          try body(scenes[index].render(resolution: resolution, times: medium.times))
        }
      }
    }
  }

  func heldClips() -> [(name: String, clips: [Tensor])] {
    Self.heldResolutions.flatMap { resolution in
      Medium.allCases.map { medium in
        (
          "\(medium.rawValue) \(resolution)",
          // Fewer where each is larger.
          (0..<256 / resolution).map { held[$0].render(resolution: resolution, times: medium.times) }
        )
      }
    }
  }

  func sheetClips() -> [Tensor] {
    Self.heldResolutions.flatMap { resolution in (0..<4).map { held[$0].render(resolution: resolution) } }
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

/// Videos and pictures of a data set: random crops, every pixel of which weighs the same.
struct ClipCrops: AutoencoderData {
  private let seed: UInt64
  /// By frame count.
  private let windows: [Int: ClipWindows]
  /// Those of the clips that are measured, rising; the least is 1.
  private let measuredFrameCounts: [Int]
  /// Of each of them the windows that training never sees.
  private let held: [ClipWindows]
  private let resolutions: [Int]

  init(_ data: ClipData, _ recipe: AutoencoderRecipe, seed: UInt64) throws {
    func cut(_ media: MediaSet, frameCount: Int) throws -> ClipWindows {
      try ClipWindows(media, frameCount == 1 ? .image : .video, frameCount: frameCount)
    }
    self.seed = seed
    resolutions = Self.resolutions(of: recipe.crops)
    measuredFrameCounts = recipe.measuredFrameCounts
    let counts = Set(recipe.crops.map(\.frameCount) + measuredFrameCounts)
    windows = Dictionary(
      uniqueKeysWithValues: try counts.map { ($0, try cut(data.train, frameCount: $0)) })
    held = try measuredFrameCounts.map { try cut(data.held, frameCount: $0) }
  }

  /// The shorter sides that crops are taken from.
  static func resolutions(of crops: [AutoencoderRecipe.Crops]) -> [Int] { Set(crops.flatMap(\.resolutions)).sorted() }

  private func windows(_ frameCount: Int) -> ClipWindows {
    guard let windows = windows[frameCount] else { preconditionFailure("no group has \(frameCount) frames") }
    return windows
  }

  func crop(_ group: AutoencoderRecipe.Crops, index: Int) throws -> CropBatch {
    let frames = try windows(group.frameCount).crop(
      index, side: group.side, resolutions: group.resolutions, seed: seed)
    return CropBatch(frames: frames, weights: Tensor(repeating: 1, shape: frames.shape))
  }

  func forEachStatisticsClip(_ recipe: AutoencoderRecipe, _ body: (Tensor) throws -> Void) throws {
    for resolution in resolutions {
      for frameCount in measuredFrameCounts {
        let windows = windows(frameCount)
        for index in 0..<min(recipe.statisticsSceneCount, windows.count) {
          try body(windows.centre(index, resolution: resolution))
        }
      }
    }
  }

  func heldClips() throws -> [(name: String, clips: [Tensor])] {
    try resolutions.flatMap { resolution in
      try held.map { windows in
        ("\(windows.medium.rawValue) \(resolution)", try Self.first(4, of: windows, resolution: resolution))
      }
    }
  }

  /// Videos, where they are measured.
  func sheetClips() throws -> [Tensor] {
    try Self.first(6, of: held[held.count - 1], resolution: resolutions[resolutions.count - 1])
  }

  private static func first(_ count: Int, of windows: ClipWindows, resolution: Int) throws -> [Tensor] {
    try (0..<min(count, windows.count)).map { try windows.centre($0, resolution: resolution) }
  }
}
