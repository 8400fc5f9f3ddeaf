import DurableFiles
import JobModel
import MediaIO
import Tensors
import VideoAutoencoder
import WorkerProtocol

/// A finished clip and the files that it becomes.
struct ClipMedia {
  private let frames: RGBFrames

  /// - Parameters:
  ///   - parts: the frames of each chunk, [F, H, W, 3] in −1…1.
  ///   - frameCount: how many of them the clip has; what is beyond is left out.
  /// - Throws: a failure of kind `request` if there are not so many.
  init(_ parts: [Tensor], frameCount: Int) throws {
    let available = parts.reduce(0) { $0 + $1.shape[0] }
    guard let shape = parts.first?.shape, (1...available).contains(frameCount) else {
      throw Failure(.request, "make a clip of \(frameCount) frames: its latents hold \(available)")
    }
    let pixels = Tensor.concatenating(parts).rows(0..<frameCount)
    frames = RGBFrames(width: shape[2], height: shape[1], frameCount: frameCount, bytes: pixels.pixelBytes())
  }

  /// Writes the files that are asked for into the attempt's folder.
  ///
  /// - Parameter comment: embedded in each of them.
  func write(
    _ media: Media, framesPerSecond: Int, comment: String, in folder: AttemptFolder
  ) throws -> [OutputFile] {
    var outputs: [OutputFile] = []
    if let name = media.video {
      guard let format = VideoFormat(rawValue: name) else {
        let known = VideoFormat.allCases.map(\.rawValue).joined(separator: ", ")
        throw Failure(.request, "write a video as \"\(name)\": this version writes \(known)")
      }
      outputs.append(
        try output("video", "clip.\(format.fileExtension)", in: folder) { path in
          try VideoFile.write(frames, as: format, framesPerSecond: framesPerSecond, comment: comment, to: path)
        })
    }
    if media.poster { outputs.append(try picture(0, "poster", "poster.png", comment, in: folder)) }
    guard media.frames else { return outputs }
    return try outputs
      + (0..<frames.frameCount).map { index in
        let name = "frame-\(index.sixDigits)"
        return try picture(index, name, "\(name).png", comment, in: folder)
      }
  }

  private func picture(
    _ index: Int, _ name: String, _ file: String, _ comment: String, in folder: AttemptFolder
  ) throws -> OutputFile {
    try output(name, file, in: folder) { path in
      try PNGFile.write(frames.frame(index), texts: ["comment": comment], to: path)
    }
  }

  private func output(
    _ name: String, _ file: String, in folder: AttemptFolder, write: (String) throws -> Void
  ) throws -> OutputFile {
    let path = folder.resolve(file)
    try write(path)
    let bytes = try DurableFile.read(path)
    return OutputFile(name: name, path: file, sha256: sha256(of: bytes), byteCount: bytes.count)
  }
}
