import DurableFiles
import Foundation
import Testing

@testable import MediaIO

@Suite struct PictureTests {
  /// 16 × 8 pixels of one colour, written by a camera's kind of encoder.
  private static let jpeg =
    "/9j/4AAQSkZJRgABAgAAAQABAAD//gAQTGF2YzU5LjM3LjEwMAD/2wBDAAgEBAQEBAUFBQUFBQYGBgYGBgYGBgYGBgYHBwcICAgHBwcGBgcHCAgI"
    + "CAkJCQgICAgJCQoKCgwMCwsODg4RERT/xABOAAEBAAAAAAAAAAAAAAAAAAAAAgEBAQEAAAAAAAAAAAAAAAAAAAEGEAEAAAAAAAAAAAAAAAAAAAAA"
    + "EQEBAAAAAAAAAAAAAAAAAAAAEf/AABEIAAgAEAMBEgACEgADEgD/2gAMAwEAAhEDEQA/AIGVG1igCRX/2Q=="

  @Test("PNG and JPEG are read by what they are, not by their name")
  func kinds() throws {
    try withFolder { folder in
      let frames = testFrames(width: 20, height: 10, count: 1)
      try PNGFile.write(frames, to: folder + "/a.jpg")
      #expect(try PictureFile.read(folder + "/a.jpg") == frames)
      try DurableFile.replace(folder + "/b", with: try #require(Data(base64Encoded: Self.jpeg)))
      let photo = try PictureFile.read(folder + "/b")
      #expect(photo.width == 16 && photo.height == 8)
      // #C86432, within what quantised YCbCr keeps of a flat colour.
      #expect(zip(photo.bytes.prefix(3), [200, 100, 50]).allSatisfy { abs(Int($0) - $1) <= 4 })
    }
  }

  @Test("other files, videos and too large pictures are refused")
  func refused() throws {
    try withFolder { folder in
      try VideoFile.writeMP4(testFrames(count: 2), framesPerSecond: 8, to: folder + "/clip.png")
      #expect(throws: MediaError.self) { try PictureFile.read(folder + "/clip.png") }
      try DurableFile.replace(folder + "/text.png", with: "a red circle")
      #expect(throws: MediaError.self) { try PictureFile.read(folder + "/text.png") }
      try DurableFile.replace(folder + "/b", with: try #require(Data(base64Encoded: Self.jpeg)))
      #expect(throws: MediaError.self) { try PictureFile.read(folder + "/b", pixelLimit: 127) }
    }
  }

  @Test("at its own size a frame stays what it is")
  func identity() {
    let frames = testFrames(width: 12, height: 8, count: 2)
    let values = frames.centreCropped(width: 12, height: 8)
    #expect(zip(values, frames.bytes).allSatisfy { $0 == Float(Double($1) / 127.5 - 1) })
  }

  @Test("half the size is the mean of four pixels, a third of the size of nine")
  func areas() {
    let bytes = (0..<6 * 6).flatMap { value -> [UInt8] in [UInt8(value), UInt8(2 * value), 0] }
    let frames = RGBFrames(width: 6, height: 6, frameCount: 1, bytes: bytes)
    // Pixels 0, 1, 6 and 7 of the red part: 3.5; 0…2, 6…8 and 12…14: 7.
    #expect(abs(frames.centreCropped(width: 3, height: 3)[0] - Float(3.5 / 127.5 - 1)) < 1e-6)
    #expect(abs(frames.centreCropped(width: 2, height: 2)[0] - Float(7 / 127.5 - 1)) < 1e-6)
    // Fractions of pixels: (0 + 0.5·1 + 0.5·6 + 0.25·7) / 2.25.
    #expect(abs(frames.centreCropped(width: 4, height: 4)[0] - Float(5.25 / 2.25 / 127.5 - 1)) < 1e-6)
  }

  @Test("what is too wide or too high loses both edges alike")
  func crop() {
    // Columns 0…5, each of its own value.
    let row = (0..<6).flatMap { column -> [UInt8] in [UInt8(40 * column), 0, 0] }
    let bytes = row + row
    let values = RGBFrames(width: 6, height: 2, frameCount: 1, bytes: bytes).centreCropped(width: 2, height: 2)
    #expect(stride(from: 0, to: 6, by: 3).map { values[$0] } == [Float(80 / 127.5 - 1), Float(120 / 127.5 - 1)])
    let high = RGBFrames(width: 1, height: 3, frameCount: 1, bytes: [0, 0, 0, 255, 255, 255, 0, 0, 0])
    #expect(high.centreCropped(width: 1, height: 1) == [1, 1, 1])
  }

  @Test("a small picture is enlarged without gaps")
  func enlarged() {
    let frames = RGBFrames(width: 2, height: 2, frameCount: 1, bytes: [UInt8](repeating: 255, count: 12))
    let values = frames.centreCropped(width: 5, height: 5)
    #expect(values.count == 75)
    #expect(values.allSatisfy { abs($0 - 1) < 1e-6 })
  }
}
