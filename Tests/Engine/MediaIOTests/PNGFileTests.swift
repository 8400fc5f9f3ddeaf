import DurableFiles
import Foundation
import Testing

@testable import MediaIO

@Suite struct PNGFileTests {
  @Test("a picture comes back bit for bit, with its texts")
  func roundTrip() throws {
    try withFolder { folder in
      let frames = testFrames(width: 47, height: 31, count: 1)
      let texts = ["Description": "ein rötlicher Kreis 🔴", "walt": String(repeating: "x", count: 5000), "Empty": ""]
      try PNGFile.write(frames, texts: texts, to: folder + "/a.png")
      let read = try PNGFile.read(folder + "/a.png")
      #expect(read.frames == frames)
      #expect(read.texts == texts)
    }
  }

  @Test("texts are stored as iTXt, and the same picture gives the same bytes")
  func reproducible() throws {
    let frames = testFrames(count: 1)
    let texts = Dictionary(uniqueKeysWithValues: (0..<20).map { ("key \($0)", "\($0)") })
    let bytes = try PNGFile.encode(frames, texts: texts)
    #expect(bytes == (try PNGFile.encode(frames, texts: texts)))
    #expect(Data(bytes).range(of: Data("iTXtkey 0".utf8)) != nil)
    #expect(Data(bytes).range(of: Data("tIME".utf8)) == nil)
  }

  @Test(
    "other colour types are read as RGB",
    arguments: [
      (
        "gray 128 with opacity 0",
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR4nGNoYAAAAQMAgT5MxZMAAAAASUVORK5CYII=", [128, 128, 128]
      ),
      (
        "palette",
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAMAAAAoyzS7AAAAA1BMVEXIZDLxgAUBAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==",
        [200, 100, 50]
      ),
      (
        "16 bits", "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABEAIAAADA54+dAAAAD0lEQVR4nGP4/7+BgYEBAAz8An+jd5TMAAAAAElFTkSuQmCC",
        [255, 128, 0]
      ),
    ])
  func colourTypes(kind: String, base64: String, expected: [UInt8]) throws {
    let bytes = try #require(Data(base64Encoded: base64))
    #expect(try PNGFile.decode(Array(bytes)).frames.bytes == expected)
  }

  @Test("damaged and cut-off files are refused, with libpng's reason")
  func damaged() throws {
    let bytes = try PNGFile.encode(testFrames(count: 1), name: "a")
    for part in [0, 7, 30, bytes.count / 2, bytes.count - 4] {
      #expect(throws: MediaError.self) { try PNGFile.decode(Array(bytes.prefix(part))) }
    }
    var changed = bytes
    changed[bytes.count / 2] ^= 0x40
    #expect(throws: MediaError.self) { try PNGFile.decode(changed) }
    do {
      _ = try PNGFile.decode(Array(bytes.prefix(40)), name: "cat.png")
    } catch let error as MediaError {
      #expect(error.message == "read PNG \"cat.png\": the file ends too early; is it a whole PNG file?")
    }
  }

  @Test("a picture larger than the caller allows is refused")
  func limit() throws {
    let bytes = try PNGFile.encode(testFrames(count: 1))
    #expect(throws: MediaError.self) { try PNGFile.decode(bytes, pixelLimit: 128 * 128 - 1) }
    #expect(try PNGFile.decode(bytes, pixelLimit: 128 * 128).frames.width == 128)
  }

  @Test("a keyword that PNG cannot hold is refused")
  func keyword() {
    #expect(throws: MediaError.self) {
      try PNGFile.encode(testFrames(count: 1), texts: [String(repeating: "k", count: 80): "x"])
    }
  }
}
