import DurableFiles
import Foundation
import Testing

@testable import MediaIO

@Suite struct VideoFileTests {
  @Test("a written clip decodes to the same number of frames, rate, size, tags and comment")
  func roundTrip() throws {
    try withFolder { folder in
      let frames = testFrames()
      let path = folder + "/clip.mp4"
      try VideoFile.writeMP4(frames, framesPerSecond: 8, comment: #"{"prompt": "ein Würfel"}"#, to: path)
      let read = try VideoFile.read(path)
      #expect(read.frames.frameCount == 17)
      #expect(read.frames.width == 128 && read.frames.height == 128)
      #expect(read.frameRate == VideoFile.Rate(8))
      #expect(read.colour == .bt709)
      #expect(read.codec == "h264")
      #expect(read.pixelFormat == "yuv420p")
      #expect(read.metadata["comment"] == #"{"prompt": "ein Würfel"}"#)
      #expect(read.metadata["creation_time"] == nil)
      // Chroma at half resolution limits a saturated edge; without the right matrix it is below 25 dB.
      #expect(psnr(frames.bytes, read.frames.bytes) > 34)
    }
  }

  @Test("flat colours survive within the rounding of limited-range YCbCr")
  func flatColours() throws {
    try withFolder { folder in
      for colour: [UInt8] in [
        [220, 40, 40], [45, 80, 215], [242, 242, 242], [16, 72, 42], [0, 0, 0], [255, 255, 255],
      ] {
        let bytes = (0..<3 * 32 * 32).flatMap { _ in colour }
        let path = folder + "/flat.mp4"
        try VideoFile.writeMP4(.init(width: 32, height: 32, frameCount: 3, bytes: bytes), framesPerSecond: 8, to: path)
        let read = try VideoFile.read(path).frames.bytes
        // One step of luma is 1.16 levels, one of chroma up to 2.1 in blue; plus the encoder's own quantisation.
        for index in 0..<bytes.count where abs(Int(bytes[index]) - Int(read[index])) > 5 {
          Issue.record("\(colour) came back as \(read[index / 3 * 3..<index / 3 * 3 + 3])")
          return
        }
      }
    }
  }

  @Test("other counts, sizes and rates are exact too", arguments: [(1, 8), (2, 24), (29, 8), (53, 30)])
  func counts(count: Int, rate: Int) throws {
    try withFolder { folder in
      let path = folder + "/clip.mp4"
      try VideoFile.writeMP4(testFrames(width: 64, height: 48, count: count), framesPerSecond: rate, to: path)
      let read = try VideoFile.read(path)
      #expect(read.frames.frameCount == count)
      #expect(read.frameRate == VideoFile.Rate(rate))
    }
  }

  @Test("the same frames give the same bytes")
  func reproducible() throws {
    try withFolder { folder in
      let frames = testFrames()
      try VideoFile.writeMP4(frames, framesPerSecond: 8, comment: "a", to: folder + "/1.mp4")
      try VideoFile.writeMP4(frames, framesPerSecond: 8, comment: "a", to: folder + "/2.mp4")
      #expect(try DurableFile.read(folder + "/1.mp4") == DurableFile.read(folder + "/2.mp4"))
    }
  }

  @Test("the index stands before the pictures, the container names BT.709 and no date")
  func container() throws {
    try withFolder { folder in
      let path = folder + "/clip.mp4"
      try VideoFile.writeMP4(testFrames(count: 3), framesPerSecond: 8, to: path)
      let bytes = try Data(DurableFile.read(path))
      let index = try #require(bytes.range(of: Data("moov".utf8)))
      let pictures = try #require(bytes.range(of: Data("mdat".utf8)))
      #expect(index.lowerBound < pictures.lowerBound)
      let colour = try #require(bytes.range(of: Data("colrnclx".utf8)))
      #expect(Array(bytes[colour.upperBound..<colour.upperBound + 7]) == [0, 1, 0, 1, 0, 1, 0])
      let header = try #require(bytes.range(of: Data("mvhd".utf8)))
      // Version and flags, then creation and modification time.
      #expect(bytes[header.upperBound..<header.upperBound + 12].allSatisfy { $0 == 0 })
    }
  }

  @Test("nothing but the finished file stays in the folder")
  func whole() throws {
    try withFolder { folder in
      try VideoFile.writeMP4(testFrames(count: 2), framesPerSecond: 8, to: folder + "/clip.mp4")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["clip.mp4"])
      #expect(throws: (any Error).self) {
        try VideoFile.writeMP4(testFrames(count: 2), framesPerSecond: 8, to: folder + "/none/clip.mp4")
      }
      #expect(throws: MediaError.self) {
        try VideoFile.writeMP4(testFrames(width: 33, height: 32, count: 2), framesPerSecond: 8, to: folder + "/odd.mp4")
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["clip.mp4"])
    }
  }

  @Test("a file cut off anywhere is refused")
  func cutOff() throws {
    try withFolder { folder in
      let path = folder + "/clip.mp4"
      try VideoFile.writeMP4(testFrames(), framesPerSecond: 8, to: path)
      let bytes = try DurableFile.read(path)
      for part in [0, 20, bytes.count / 4, bytes.count / 2, bytes.count * 3 / 4, bytes.count - 1] {
        let cut = folder + "/cut.mp4"
        try DurableFile.replace(cut, with: Array(bytes.prefix(part)))
        #expect(throws: MediaError.self, "\(part) of \(bytes.count) bytes") { try VideoFile.read(cut) }
      }
    }
  }

  @Test("damaged pictures, foreign files and missing files are refused")
  func damaged() throws {
    try withFolder { folder in
      let path = folder + "/clip.mp4"
      try VideoFile.writeMP4(testFrames(), framesPerSecond: 8, to: path)
      var bytes = try DurableFile.read(path)
      for index in bytes.count - 1500..<bytes.count { bytes[index] = UInt8(truncatingIfNeeded: index &* 37) }
      try DurableFile.replace(path, with: bytes)
      #expect(throws: MediaError.self) { try VideoFile.read(path) }
      try DurableFile.replace(path, with: "not a video at all")
      #expect(throws: MediaError.self) { try VideoFile.read(path) }
      #expect(throws: MediaError.self) { try VideoFile.read(folder + "/none.mp4") }
    }
  }

  @Test("a video whose frames change their pixel format on the way is refused", arguments: [(1, 2), (2, 1)])
  func changingFormat(first: Int, second: Int) throws {
    try withFolder { folder in
      let path = folder + "/clip.avi"
      try DurableFile.replace(path, with: motionJPEG(lumaSamplings: [first, first]))
      #expect(try VideoFile.readLast(5, of: path).frameCount == 2)
      try DurableFile.replace(path, with: motionJPEG(lumaSamplings: [first, second]))
      #expect {
        try VideoFile.readLast(5, of: path)
      } throws: {
        "\($0)".contains("frame 1 has another size or pixel format than those before it")
      }
    }
  }

  @Test("a video larger than the caller allows is refused")
  func limit() throws {
    try withFolder { folder in
      let path = folder + "/clip.mp4"
      try VideoFile.writeMP4(testFrames(), framesPerSecond: 8, to: path)
      do {
        _ = try VideoFile.read(path, byteLimit: 5 * 128 * 128 * 3)
        Issue.record("it was read")
      } catch let error as MediaError {
        #expect(error.code == .tooLarge)
        #expect(error.message.contains("frame 5"))
      }
    }
  }
}
