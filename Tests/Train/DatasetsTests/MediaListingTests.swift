import DurableFiles
import MediaIO
import Testing

@testable import Datasets

struct MediaListingTests {
  private func write(_ bytes: [UInt8] = [1], to path: String) throws { try DurableFile.replace(path, with: bytes) }

  @Test("metadata.jsonl gives files, texts, classes and parts in its order; other keys are ignored")
  func readsMetadata() throws {
    try withMediaFolder { folder in
      try DurableFile.replace(
        folder + "/metadata.jsonl",
        with: """
          {"file_name": "b.mp4", "text": "two", "label": 3, "camera": "left"}

          {"file_name": "sub/a.JPG"}
          {"file_name": "b.mp4", "start": 2, "end": 5.5}
          {"file_name": "notes.pdf", "text": "no picture"}
          """)
      let listing = try MediaListing(path: folder)
      #expect(listing.entries.map(\.location.path) == [folder + "/b.mp4", folder + "/sub/a.JPG", folder + "/b.mp4"])
      #expect(listing.entries.map(\.text) == ["two", nil, nil])
      #expect(listing.entries.map(\.label) == [3, nil, nil])
      #expect(listing.entries.map(\.medium) == [.video, .image, .video])
      #expect(listing.entries.map(\.seconds) == [nil, nil, 2..<5.5])
      #expect(listing.skipped.map(\.file) == ["notes.pdf"])
    }
  }

  @Test("a line that is no such object is refused with its number")
  func refusesBrokenLines() throws {
    try withMediaFolder { folder in
      try DurableFile.replace(folder + "/metadata.jsonl", with: "{\"file_name\": \"a.mp4\"}\n{\"text\": \"?\"}\n")
      #expect { try MediaListing(path: folder) } throws: {
        ($0 as? DatasetError)?.code == .malformed && "\($0)".contains("metadata.jsonl:2")
      }
    }
  }

  @Test("without metadata, files come by name, and sub-folders are classes in alphabetical order")
  func readsClassFolders() throws {
    try withMediaFolder { folder in
      for name in ["run", "jump"] { try DurableFile.makeFolder(folder + "/" + name) }
      for name in ["run/b.avi", "run/a.avi", "jump/c.webm", "jump/readme.txt"] { try write(to: folder + "/" + name) }
      let listing = try MediaListing(path: folder)
      #expect(
        listing.entries.map(\.location.path) == ["jump/c.webm", "run/a.avi", "run/b.avi"].map { folder + "/" + $0 })
      #expect(listing.entries.map(\.label) == [0, 1, 1])
    }
  }

  @Test("files beside the class folders are of no class, and shift none")
  func readsFilesBesideClassFolders() throws {
    try withMediaFolder { folder in
      for name in ["run", "jump"] { try DurableFile.makeFolder(folder + "/" + name) }
      for name in ["a.mp4", "jump/c.webm", "run/b.avi", "z.png"] { try write(to: folder + "/" + name) }
      let listing = try MediaListing(path: folder)
      #expect(listing.entries.map(\.label) == [nil, 0, 1, nil])
      #expect(listing.classNames == ["jump", "run"])
    }
  }

  @Test("a shard's members are joined by their key: text, JSON and class go with the video or picture")
  func readsShards() throws {
    try withMediaFolder { folder in
      let long = String(repeating: "deep/", count: 25) + "x"
      let archive = tarArchive([
        ("000.mp4", [7, 8]), ("000.txt", Array(" a cat\n".utf8)), ("000.cls", Array("4\n".utf8)),
        ("001.json", Array("{\"caption\": \"a dog\", \"label\": 2}".utf8)), ("001.png", [9]),
        ("002.txt", Array("alone".utf8)), (long + ".mkv", [5, 6, 7]),
      ])
      try write(archive, to: folder + "/b.tar")
      try write(tarArchive([("first.mp4", [1])]), to: folder + "/a.tar")
      let listing = try MediaListing(path: folder)
      #expect(listing.entries.map(\.text) == [nil, "a cat", "a dog", nil])
      #expect(listing.entries.map(\.label) == [nil, 4, 2, nil])
      #expect(listing.entries.map(\.medium) == [.video, .video, .image, .video])
      #expect(try listing.entries.map { try $0.location.bytes() } == [[1], [7, 8], [9], [5, 6, 7]])
      #expect(listing.entries[3].location.name == folder + "/b.tar/" + long + ".mkv")
      #expect(try MediaListing(path: folder + "/b.tar").entries.count == 3)
    }
  }

  @Test("what a cut-off shard still holds is used, and the shard is listed")
  func readsCutShards() throws {
    try withMediaFolder { folder in
      let archive = tarArchive([("0.mp4", [1, 2]), ("1.mp4", [UInt8](repeating: 3, count: 2000))])
      try write(Array(archive.prefix(2048)), to: folder + "/cut.tar")
      let listing = try MediaListing(path: folder)
      #expect(listing.entries.count == 1)
      #expect(listing.skipped.map(\.file) == [folder + "/cut.tar"])
    }
  }

  @Test(
    "a shard whose header says less than no bytes, or lets another say so, is used up to there and listed",
    arguments: [(124, "-0000000005\0"), (156, "x")])
  func readsNegativeSizes(field: Int, text: String) throws {
    try withMediaFolder { folder in
      let archive = tarArchive([
        ("0.mp4", [1, 2]), ("attributes", Array("11 size=-5\n".utf8)), ("1.mp4", [3]),
      ])
      let path = folder + "/a.tar"
      try write(changingTarHeader(of: archive, at: 1024, field: field, to: text), to: path)
      let listing = try MediaListing(path: path)
      #expect(listing.entries.map(\.location.name) == [path + "/0.mp4"])
      #expect(listing.skipped.map(\.file) == [path])
    }
  }

  @Test("members of a class below 0 are left out and listed")
  func skipsNegativeClasses() throws {
    try withMediaFolder { folder in
      let path = folder + "/a.tar"
      let archive = tarArchive([
        ("0.mp4", [1]), ("0.cls", Array("-1".utf8)), ("1.json", Array("{\"label\": -7}".utf8)), ("1.png", [2]),
        ("2.mp4", [3]), ("2.cls", Array("0".utf8)),
      ])
      try write(archive, to: path)
      let listing = try MediaListing(path: path)
      #expect(listing.entries.map(\.label) == [0])
      #expect(listing.skipped.map(\.file) == [path + "/0.mp4", path + "/1.png"])
    }
  }

  @Test("a folder without videos and pictures is refused")
  func refusesEmptyFolders() throws {
    try withMediaFolder { folder in
      #expect { try MediaListing(path: folder) } throws: { ($0 as? DatasetError)?.code == .unreadable }
      #expect { try MediaListing(path: folder + "/none") } throws: { ($0 as? DatasetError)?.code == .unreadable }
    }
  }
}
