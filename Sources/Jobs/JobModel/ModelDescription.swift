/// What the control plane knows of a model: enough to check a request, to plan its tasks and to reckon their memory.
/// The weights are the worker's.
package struct ModelDescription: Equatable, Codable, Sendable {
  package struct Stage: Equatable, Codable, Sendable {
    package let name: StageName
    /// Pixels that this stage's latents stand for.
    package let width: Int
    package let height: Int
    /// Steps of the sampler where the request says none.
    package let stepCount: Int
    /// The guidance scale where the request says none.
    package let guidanceScale: Double
    /// The augmentation's timestep where the request says none; nil for the base.
    package let kSR: Int?
    /// Tokens of one clip in the transformer.
    package let tokenCount: Int
    package let hiddenSize: Int
    package let feedForwardSize: Int
    /// Of the weights file as it lies on disk.
    package let weightByteCount: Int
  }

  package let name: String
  /// The model folder.
  package let folder: String
  /// Frames a second.
  package let fps: Int
  /// The most frames of one request.
  package let maxFrameCount: Int
  /// Frames of one chunk, 17 in the paper.
  package let chunkFrameCount: Int
  /// Frames that a chunk takes over from the one before, 5 in the paper.
  package let overlapFrameCount: Int
  package let takesText: Bool
  /// Whether clips can begin with given frames.
  package let predictsFrames: Bool
  /// Whether images can be made: not where cross-attention spans all frames of a video.
  package let makesImages: Bool
  /// 0 where the model takes no class.
  package let classCount: Int
  package let eta: Double
  /// The base first.
  package let stages: [Stage]
  package let textWeightByteCount: Int
  package let autoencoderWeightByteCount: Int
  package let autoencoderChannelCount: Int
  /// The same model for other sizes, each a model folder inside this one; they have none themselves.
  package let variants: [ModelDescription]

  /// The model itself, or the variant in this folder inside it; nil where there is none such.
  package func variant(_ folderName: String?) -> ModelDescription? {
    guard let folderName else { return self }
    return variants.first { $0.folder == folder + "/" + folderName }
  }

  /// Chunks of a clip of `frameCount` frames: 1 + max(0, ⌈(n − 17) / 12⌉); an image is one.
  package func chunkCount(frameCount: Int) -> Int {
    let advance = chunkFrameCount - overlapFrameCount
    return 1 + max(0, (frameCount - chunkFrameCount + advance - 1) / advance)
  }
}
