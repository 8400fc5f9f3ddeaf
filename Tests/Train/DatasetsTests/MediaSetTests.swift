import DurableFiles
import Foundation
import MediaIO
import Tensors
import Testing

@testable import Datasets

struct MediaSetTests {
  private func write(_ frames: RGBFrames, to path: String, framesPerSecond: Int = 10) throws {
    try VideoFile.write(frames, as: .mkvFFV1, framesPerSecond: framesPerSecond, to: path)
  }

  private func options(_ folder: String, sides: [Int] = [32], framesPerSecond: Double? = nil) -> MediaSet.Options {
    MediaSet.Options(shorterSides: sides, framesPerSecond: framesPerSecond, cacheFolder: folder + "/cache")
  }

  private func values(_ frames: RGBFrames) -> [Float] { frames.bytes.map { Float($0) / 127.5 - 1 } }

  /// Two videos in a folder of data.
  private func withVideos(_ body: (_ folder: String, _ data: String) throws -> Void) throws {
    try withMediaFolder { folder in
      let data = folder + "/data"
      try DurableFile.makeFolder(data)
      try write(mediaFrames(0), to: data + "/a.mkv")
      try write(mediaFrames(1, count: 45), to: data + "/b.mkv")
      try body(folder, data)
    }
  }

  @Test("frames at their own size are those of the file")
  func keepsPixels() throws {
    try withVideos { folder, data in
      let media = try MediaSet(MediaListing(path: data), options(folder))
      let all = try media.items[0].frames(
        0..<20, shorterSide: 32, crop: PixelRectangle(x: 0, y: 0, width: 48, height: 32))
      #expect(all.array == values(mediaFrames(0)))
      let part = try media.items[0].frames(
        3..<4, shorterSide: 32, crop: PixelRectangle(x: 5, y: 6, width: 1, height: 1))
      let start = ((3 * 32 + 6) * 48 + 5) * 3
      #expect(part.array == Array(all.array[start..<start + 3]))
    }
  }

  @Test("smaller frames are averages over areas, of the same aspect")
  func resizes() throws {
    try withVideos { folder, data in
      let media = try MediaSet(MediaListing(path: data), options(folder, sides: [32, 16]))
      #expect(media.items[0].size(shorterSide: 16) == (16, 24))
      let small = try media.items[0].frames(
        0..<1, shorterSide: 16, crop: PixelRectangle(x: 0, y: 0, width: 24, height: 16))
      let source = mediaFrames(0).frame(0).bytes
      for y in 0..<16 {
        for x in 0..<24 {
          var sum: Float = 0
          for place in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            sum += Float(source[((2 * y + place.0) * 48 + 2 * x + place.1) * 3])
          }
          let mean = sum / 4 / 127.5 - 1
          // libswscale rounds between its two passes.
          #expect(abs(small.pointer[(y * 24 + x) * 3] - mean) <= 2 / 127.5)
        }
      }
    }
  }

  @Test("files that are damaged, cut off, missing or of no use are skipped and listed")
  func skipsDamagedFiles() throws {
    try withVideos { folder, data in
      try VideoFile.writeMP4(mediaFrames(2), framesPerSecond: 10, to: data + "/c.mp4")
      let whole = try DurableFile.read(data + "/c.mp4")
      try DurableFile.replace(data + "/c.mp4", with: Array(whole.prefix(whole.count * 3 / 4)))
      try DurableFile.replace(data + "/d.mp4", with: Array("no video".utf8))
      try DurableFile.replace(
        data + "/metadata.jsonl",
        with: ["d.mp4", "a.mkv", "missing.mp4", "c.mp4", "b.mkv"].map { "{\"file_name\": \"\($0)\"}\n" }.joined()
          + "{\"file_name\": \"a.mkv\", \"start\": 100}\n")
      let media = try MediaSet(MediaListing(path: data), options(folder))
      #expect(media.items.map(\.entry.location.path) == [data + "/a.mkv", data + "/b.mkv"])
      #expect(media.skipped.map(\.file) == ["d.mp4", "missing.mp4", "c.mp4", "a.mkv"].map { data + "/" + $0 })
    }
  }

  @Test("a lower rate leaves the first frame of each slot, and parts are taken in seconds")
  func lowersRates() throws {
    try withVideos { folder, data in
      try DurableFile.replace(
        data + "/metadata.jsonl",
        with: "{\"file_name\": \"b.mkv\"}\n{\"file_name\": \"b.mkv\", \"start\": 1, \"end\": 3}\n")
      let media = try MediaSet(MediaListing(path: data), options(folder, framesPerSecond: 5))
      // 45 frames at 10 a second: every other one is left.
      #expect(media.items.map(\.frameRange) == [0..<23, 5..<15])
      let crop = PixelRectangle(x: 0, y: 0, width: 48, height: 32)
      #expect(
        try media.items[1].frames(5..<6, shorterSide: 32, crop: crop).array
          == values(mediaFrames(1, count: 45).frame(10)))
      let all = try MediaSet(MediaListing(path: data), options(folder, framesPerSecond: 50))
      #expect(all.items.map(\.frameRange) == [0..<45, 10..<30])
    }
  }

  @Test("frames are decoded once, and again when the file has changed")
  func decodesOnce() throws {
    try withVideos { folder, data in
      _ = try MediaSet(MediaListing(path: data), options(folder))
      func cached() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder + "/cache").sorted()
      }
      let first = try cached()
      #expect(first.count == 2)
      _ = try MediaSet(MediaListing(path: data), options(folder))
      #expect(try cached() == first)
      try write(mediaFrames(5), to: data + "/a.mkv")
      let media = try MediaSet(MediaListing(path: data), options(folder))
      #expect(try cached().count == 3)
      #expect(
        try media.items[0].frames(
          0..<1, shorterSide: 32, crop: PixelRectangle(x: 0, y: 0, width: 48, height: 32)
        ).array == values(mediaFrames(5).frame(0)))
    }
  }

  @Test("no file of frames stays open: their number has no limit")
  func keepsNoFileOpen() throws {
    try withVideos { folder, data in
      let media = try MediaSet(MediaListing(path: data), options(folder))
      let crop = PixelRectangle(x: 0, y: 0, width: 48, height: 32)
      let first = try media.items[0].frames(0..<1, shorterSide: 32, crop: crop)
      let maps = String(decoding: try DurableFile.read("/proc/self/maps"), as: UTF8.self)
      #expect(!maps.contains((folder as NSString).lastPathComponent))
      #expect(try media.items[0].frames(0..<1, shorterSide: 32, crop: crop).array == first.array)
    }
  }

  @Test("members of a shard are decoded where they lie")
  func decodesShards() throws {
    try withVideos { folder, data in
      let picture = try PNGFile.encode(mediaFrames(2, count: 1))
      let archive = tarArchive([
        ("0.mkv", try DurableFile.read(data + "/a.mkv")), ("0.txt", Array("a shape".utf8)), ("1.png", picture),
      ])
      try DurableFile.replace(folder + "/shard.tar", with: archive)
      let media = try MediaSet(MediaListing(path: folder + "/shard.tar"), options(folder))
      #expect(media.skipped.isEmpty)
      #expect(media.items.map(\.frameRange) == [0..<20, 0..<1])
      let crop = PixelRectangle(x: 0, y: 0, width: 48, height: 32)
      #expect(
        try media.items[0].frames(7..<8, shorterSide: 32, crop: crop).array
          == values(mediaFrames(0).frame(7)))
      #expect(
        try media.items[1].frames(0..<1, shorterSide: 32, crop: crop).array
          == values(mediaFrames(2, count: 1)))
    }
  }

  @Test("every window comes once before any comes again, in an order of the seed; crops depend on nothing else")
  func drawsCrops() throws {
    try withVideos { folder, data in
      let media = try MediaSet(MediaListing(path: data), options(folder))
      // 20 frames hold four windows of 5, 45 hold nine.
      let windows = try ClipWindows(media, .video, frameCount: 5)
      #expect(windows.count == 13)
      for count in [1, 2, 13, 64, 100] {
        for epoch in 0..<2 {
          let order = SeededOrder(count: count, seed: 9, epoch: epoch)
          #expect(Set((0..<count).map { order[$0] }) == Set(0..<count))
        }
      }
      let orders = [(9, 0), (9, 1), (8, 0)].map { seed, epoch in
        (0..<13).map { SeededOrder(count: 13, seed: UInt64(seed), epoch: epoch)[$0] }
      }
      #expect(Set(orders).count == 3)
      func crop(_ index: Int, seed: UInt64 = 1) throws -> [Float] {
        try windows.crop(index, side: 16, resolutions: [32], seed: seed).array
      }
      #expect(try windows.crop(0, side: 16, resolutions: [32], seed: 1).shape == [5, 16, 16, 3])
      #expect(try crop(5) == crop(5))
      let crops = try (0..<13).map { try crop($0) }
      #expect(Set(crops).count == 13)
      #expect(try crop(5) != crop(5, seed: 2))
    }
  }

  @Test("images are the pictures, or else the middle frames of the videos; a set without clips long enough is refused")
  func findsImages() throws {
    try withVideos { folder, data in
      let media = try MediaSet(MediaListing(path: data), options(folder))
      let images = try ClipWindows(media, .image, frameCount: 1)
      #expect(images.count == 3)
      let crop = PixelRectangle(x: 8, y: 0, width: 32, height: 32)
      #expect(
        try images.centre(0, resolution: 32).array == media.items[0].frames(8..<9, shorterSide: 32, crop: crop).array)
      #expect { try ClipWindows(media, .video, frameCount: 49) } throws: { ($0 as? DatasetError)?.code == .unreadable }
      try PNGFile.write(mediaFrames(2, count: 1), to: data + "/c.png")
      let withPicture = try MediaSet(MediaListing(path: data), options(folder))
      #expect(try ClipWindows(withPicture, .image, frameCount: 1).count == 1)
    }
  }

  @Test("examples of other pixels have other names")
  func namesContents() throws {
    try withVideos { folder, data in
      func name(_ rate: Double?, frames: Int) throws -> String {
        try ClipWindows(
          MediaSet(MediaListing(path: data), options(folder, framesPerSecond: rate)), .video, frameCount: frames
        ).contentName
      }
      let names = try [name(nil, frames: 5), name(8, frames: 5), name(nil, frames: 9), name(nil, frames: 5)]
      #expect(Set(names).count == 3 && names[0] == names[3])
    }
  }
}
