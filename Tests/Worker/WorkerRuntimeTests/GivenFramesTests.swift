import DurableFiles
import Foundation
import JobModel
import MediaIO
import Testing
import Weights
import WorkerProtocol

@testable import WorkerRuntime

/// Sampling clips that begin with something given, on the golden cascade: 32 × 16 pixels at the base, 128 × 64 at last.
@Suite struct GivenFramesTests {
  private let model: TinyModel
  private let text: FileReference

  init() throws {
    model = try TinyModel()
    text = try model.text()
  }

  /// A red gradient that differs from frame to frame.
  private func frames(_ count: Int, width: Int = 128, height: Int = 64) -> RGBFrames {
    let bytes = (0..<count * height * width).flatMap { index -> [UInt8] in
      [UInt8(truncatingIfNeeded: index / 61), 40, 90]
    }
    return RGBFrames(width: width, height: height, frameCount: count, bytes: bytes)
  }

  private func reference(_ name: String) throws -> FileReference {
    let path = model.root.appending(path: name).path
    return FileReference(path: path, sha256: try sha256(ofFile: path))
  }

  private func picture(_ name: String = "given", width: Int = 128, height: Int = 64) throws -> FileReference {
    try PNGFile.write(frames(1, width: width, height: height), to: model.root.appending(path: name).path)
    return try reference(name)
  }

  private func run(
    stage: Int = 0, given: GivenFrames?, isImage: Bool = false, below: FileReference? = nil
  ) throws -> AttemptFolder {
    guard case .sample(var work) = model.sampling(stage: stage, text: text, below: below) else {
      throw CancellationError()
    }
    work.given = given
    work.isImage = isImage
    let folder = try model.attempt(UUID().uuidString, .sample(work))
    _ = model.runner().run([folder])
    return folder
  }

  private func latents(_ folder: AttemptFolder) throws -> [Float] {
    let result = try folder.readResult()
    let output = try #require(try model.output("latents", of: folder), "\(String(describing: result))")
    return try SafetensorsFile(path: output.path).tensor("latents").array
  }

  /// Floats of one latent frame at the base: 2 × 4 × 4.
  private let frameCount = 32

  @Test("a picture is the clip's first latent frame, and another picture makes another clip")
  func image() throws {
    let plain = try latents(run(given: nil))
    let given = try latents(run(given: GivenFrames(.image, picture())))
    #expect(plain.count == 5 * frameCount && given.count == plain.count)
    #expect(given[frameCount...] != plain[frameCount...])
    #expect(try latents(run(given: GivenFrames(.image, picture()))) == given)
    let other = try latents(run(given: GivenFrames(.image, picture("other", width: 90, height: 200))))
    #expect(other[..<frameCount] != given[..<frameCount])
  }

  @Test("each stage sees the picture at its own size")
  func stages() throws {
    let image = GivenFrames(.image, try picture())
    let base = try run(given: image)
    let folder = try run(stage: 1, given: image, below: try model.output("latents", of: base))
    #expect(try latents(folder).count == 4 * 5 * frameCount)
  }

  @Test("a video is continued from its last 5 frames, whatever was before them, as 2 latent frames")
  func video() throws {
    let all = frames(9)
    let last = RGBFrames(
      width: all.width, height: all.height, frameCount: 5, bytes: Array(all.bytes[(4 * all.frameByteCount)...]))
    var results: [[Float]] = []
    for (name, clip) in [("nine", all), ("five", last)] {
      try VideoFile.write(clip, as: .mkvFFV1, framesPerSecond: 8, to: model.root.appending(path: name).path)
      results.append(try latents(run(given: GivenFrames(.video, reference(name)))))
    }
    #expect(results[0] == results[1])
    #expect(try results[0][..<(2 * frameCount)] != latents(run(given: nil))[..<(2 * frameCount)])
  }

  @Test("latents are given as they are: the clip begins with the image that was sampled")
  func generated() throws {
    let image = try run(given: nil, isImage: true)
    let output = try #require(try model.output("latents", of: image))
    let clip = try latents(run(given: GivenFrames(.latents, output)))
    #expect(try Array(clip[..<frameCount]) == latents(image))
  }

  @Test("what cannot be given is the request's fault and not tried again")
  func refused() throws {
    try DurableFile.replace(model.root.appending(path: "text").path, with: "no picture")
    try VideoFile.write(frames(4), as: .mkvFFV1, framesPerSecond: 8, to: model.root.appending(path: "short").path)
    for (given, what) in [
      (GivenFrames(.image, try reference("text"), name: "a/cat.png"), "begin with image \"a/cat.png\": "),
      (GivenFrames(.image, try reference("text")), "neither PNG nor JPEG"),
      (GivenFrames(.video, try reference("text")), "read video"),
      (GivenFrames(.video, try reference("short")), "holds 4 frames, at least 5"),
    ] {
      let failure = try #require(try run(given: given).readResult()?.failure)
      #expect(failure.kind == .request)
      #expect(failure.message.contains(what), "\(failure.message)")
    }
    var lost = try picture()
    lost.sha256 = String(repeating: "0", count: 64)
    #expect(try run(given: GivenFrames(.image, lost)).readResult()?.failure?.kind == .resource)
  }

  @Test("a clip that continues another leaves out the frames that it was given; frames and latents are outputs")
  func decode() throws {
    let latents = try #require(try model.output("latents", of: run(given: nil)))
    let decode = try model.attempt(
      "decode",
      .decode(
        DecodeWork(
          stage: 0, latents: [latents], continues: true, frameCount: 12, framesPerSecond: 8,
          media: Media(video: "mkv-ffv1", poster: false, frames: true, latents: true), metadata: "{}")))
    #expect(model.runner().run([decode]) == .done)
    let outputs = try #require(try decode.readResult()).outputs
    #expect(outputs.map(\.name).filter { !$0.hasPrefix("frame-") } == ["video", "latents"])
    let video = try VideoFile.read(decode.resolve("clip.mkv")).frames
    #expect(video.frameCount == 12)
    #expect(try PNGFile.read(decode.resolve("frame-000011.png")).frames == video.frame(11))
    let kept = try SafetensorsFile(path: decode.resolve("latents.safetensors"))
    #expect(try kept.tensor("chunk-0").array == SafetensorsFile(path: latents.path).tensor("latents").array)
  }
}
