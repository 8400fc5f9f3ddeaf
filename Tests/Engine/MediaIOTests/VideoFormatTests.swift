import DurableFiles
import Foundation
import Testing

@testable import MediaIO

@Suite struct VideoFormatTests {
  @Test(
    "every format keeps count, size, rate and comment, and the same frames give the same bytes",
    arguments: VideoFormat.allCases)
  func roundTrip(format: VideoFormat) throws {
    try withFolder { folder in
      let frames = testFrames()
      let path = folder + "/clip.\(format.fileExtension)"
      try VideoFile.write(frames, as: format, framesPerSecond: 8, comment: #"{"prompt": "ein Würfel"}"#, to: path)
      let read = try VideoFile.read(path)
      #expect(read.frames.frameCount == 17)
      #expect(read.frames.width == 128 && read.frames.height == 128)
      #expect(read.frameRate == VideoFile.Rate(8))
      // Matroska writes the names of its tags in capitals.
      #expect(read.metadata.first { $0.key.lowercased() == "comment" }?.value == #"{"prompt": "ein Würfel"}"#)
      #expect(psnr(frames.bytes, read.frames.bytes) > 33)
      try VideoFile.write(
        frames, as: format, framesPerSecond: 8, comment: #"{"prompt": "ein Würfel"}"#, to: folder + "/again")
      #expect(try DurableFile.read(path) == DurableFile.read(folder + "/again"))
    }
  }

  @Test("FFV1 gives every pixel back, also of odd sizes")
  func lossless() throws {
    try withFolder { folder in
      let frames = testFrames(width: 33, height: 21, count: 5)
      try VideoFile.write(frames, as: .mkvFFV1, framesPerSecond: 24, to: folder + "/clip.mkv")
      let read = try VideoFile.read(folder + "/clip.mkv")
      #expect(read.frames == frames)
      #expect(read.codec == "ffv1")
    }
  }

  @Test("the last frames of a video can be read alone", arguments: VideoFormat.allCases)
  func last(format: VideoFormat) throws {
    try withFolder { folder in
      let path = folder + "/clip"
      try VideoFile.write(testFrames(), as: format, framesPerSecond: 8, to: path)
      let all = try VideoFile.read(path).frames
      let last = try VideoFile.readLast(5, of: path)
      #expect(last.frameCount == 5)
      #expect((0..<5).allSatisfy { last.frame($0) == all.frame(12 + $0) })
      #expect(try VideoFile.readLast(30, of: path).frameCount == 17)
    }
  }

  @Test("a playlist that names another file is not followed")
  func playlist() throws {
    try withFolder { folder in
      try VideoFile.writeMP4(testFrames(count: 6), framesPerSecond: 8, to: folder + "/secret.mp4")
      try DurableFile.replace(folder + "/list", with: "ffconcat version 1.0\nfile secret.mp4\n")
      #expect(throws: MediaError.self) { try VideoFile.readLast(5, of: folder + "/list") }
    }
  }
}
