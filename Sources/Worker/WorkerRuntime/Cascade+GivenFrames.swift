import DurableFiles
import MediaIO
import Tensors
import VideoPipeline
import WorkerProtocol

extension Cascade {
  /// Latents of the frames that a chunk begins with, [n, h, w, c]; nil for none, and in stages that were trained
  /// without frame prediction.
  ///
  /// - Throws: a failure of kind `request` for a picture or video that cannot be used: it will not mend.
  func givenFrames(_ work: SampleWork, _ attempt: Attempt) throws -> Tensor? {
    guard try model.denoiser(stage: work.stage).configuration.hasFramePrediction else { return nil }
    if let previous = work.previousChunk {
      return try continuation(of: previous.openLatents(for: attempt), stage: work.stage)
    }
    guard let given = work.given else { return nil }
    switch given.kind {
    case .latents: return try given.file.openLatents(for: attempt)
    case .image:
      let path = try given.file.checkedPath(for: attempt)
      return try encode(given.read { try PictureFile.read(path) }, stage: work.stage)
    case .video:
      let path = try given.file.checkedPath(for: attempt)
      let frames = try given.read { try VideoFile.readLast(ChunkLayout.overlap, of: path) }
      guard frames.frameCount == ChunkLayout.overlap else {
        throw given.failure("it holds \(frames.frameCount) frames, at least \(ChunkLayout.overlap) are needed")
      }
      return try encode(frames, stage: work.stage)
    }
  }

  private func encode(_ frames: RGBFrames, stage: Int) throws -> Tensor {
    let size = try pixelSize(stage: stage)
    let pixels = Tensor(
      frames.centreCropped(width: size.width, height: size.height),
      shape: [frames.frameCount, size.height, size.width, 3])
    return try encode(frames: pixels, stage: stage)
  }
}

extension GivenFrames {
  /// Reads what the request named: what is wrong with it is the request's fault.
  fileprivate func read(_ frames: () throws -> RGBFrames) throws -> RGBFrames {
    do {
      return try frames()
    } catch let error as MediaError {
      throw failure(error.description)
    }
  }

  fileprivate func failure(_ problem: String) -> Failure {
    Failure(.request, "begin with \(kind.rawValue) \"\(name ?? file.path)\": \(problem)")
  }
}
