import DurableFiles
import Foundation
import JobModel
import Testing

@testable import Spool

@Suite("Pictures and videos that requests name")
struct ConditioningReaderTests {
  private let spool: TestSpool
  private let owner = Int(getuid())

  init() throws {
    spool = try TestSpool()
    // Long ago, for what is young is waited for.
    spool.now.wall += 3600
  }

  private func write(_ name: String, _ bytes: Data) throws {
    try DurableFile.makeFolder((spool.path + "/" + name).folderAndName.folder)
    try DurableFile.replace(spool.path + "/" + name, with: bytes)
  }

  private func check(
    _ key: String, _ path: String, owner: Int? = nil, limits: RequestLimits = RequestLimits()
  ) throws -> Double? {
    let text = "{\"prompt\": \"x\",\n \"\(key)\": \"\(path)\"}"
    let request = try Request(parsing: Array(text.utf8))
    return try ConditioningReader(root: spool.path, limits: limits)
      .check(request, owner: owner ?? self.owner, settle: 2, at: spool.now)
  }

  private func refusal(_ key: String, _ path: String, owner: Int? = nil) -> RequestError? {
    let error = #expect(throws: RequestError.self) { try check(key, path, owner: owner) }
    #expect(error?.path == "/" + key && error?.place?.line == 2)
    #expect(error?.message.contains(path) == true)
    return error
  }

  @Test("PNG and JPEG pictures, and the usual videos, are taken, in the spool and below")
  func taken() throws {
    try write("a.png", MediaFiles.png)
    try write("b/c.jpg", MediaFiles.jpeg(width: 640, height: 480))
    try write("d.mp4", MediaFiles.mp4)
    try write("e.webm", Data([0x1A, 0x45, 0xDF, 0xA3, 0x80]))
    for (key, path) in [("image", "a.png"), ("image", "b/c.jpg"), ("video", "d.mp4"), ("video", "e.webm")] {
      #expect(try check(key, path) == nil, "\(path)")
    }
  }

  @Test("a missing file, a folder, a FIFO and links are refused, naming key, path and line")
  func kinds() throws {
    try write("a.png", MediaFiles.png)
    #expect(refusal("image", "none.png")?.message.contains("not in the spool") == true)
    try DurableFile.makeFolder(spool.path + "/folder")
    #expect(refusal("image", "folder")?.message.contains("a folder") == true)
    mkfifo(spool.path + "/fifo", 0o666)
    #expect(refusal("image", "fifo")?.code == .file)
    symlink("a.png", spool.path + "/link.png")
    #expect(refusal("image", "link.png")?.message.contains("symbolic link") == true)
    symlink("/etc", spool.path + "/etc")
    #expect(refusal("image", "etc/passwd")?.message.contains("symbolic link") == true)
    link(spool.path + "/a.png", spool.path + "/hard.png")
    #expect(refusal("image", "hard.png")?.message.contains("2 hard links") == true)
  }

  @Test("a path that leads out of the spool is refused by the reader of requests")
  func outside() {
    for path in ["../a.png", "/etc/passwd", "b/../../a.png", "./a.png"] {
      let error = #expect(throws: RequestError.self) { try check("image", path) }
      #expect(error?.code == .range && error?.path == "/image")
    }
  }

  @Test("what is no picture, or no video, or not all of one, is refused")
  func content() throws {
    try write("text.png", Data("a red circle".utf8))
    #expect(refusal("image", "text.png")?.message.contains("no picture") == true)
    #expect(refusal("video", "text.png")?.message.contains("no video") == true)
    try write("a.mp4", MediaFiles.mp4)
    #expect(refusal("image", "a.mp4")?.code == .file)
    try write("empty.png", Data())
    #expect(refusal("image", "empty.png")?.code == .file)
    for count in [9, 30, MediaFiles.png.count - 1] {
      try write("cut.png", MediaFiles.png.prefix(count))
      #expect(refusal("image", "cut.png")?.code == .file, "\(count) bytes")
    }
    for count in [12, 20, 40, MediaFiles.mp4.count - 1] {
      try write("cut.mp4", MediaFiles.mp4.prefix(count))
      #expect(refusal("video", "cut.mp4")?.code == .file, "\(count) bytes")
    }
    try write("unindexed.mp4", MediaFiles.box("ftyp") + MediaFiles.box("mdat"))
    #expect(refusal("video", "unindexed.mp4")?.code == .file)
  }

  @Test("too many bytes or pixels are refused with both numbers")
  func limits() throws {
    try write("a.png", MediaFiles.png)
    var limits = RequestLimits()
    limits.conditioningByteCount = MediaFiles.png.count - 1
    let error = #expect(throws: RequestError.self) { try check("image", "a.png", limits: limits) }
    #expect(error?.code == .tooLarge && error?.message.contains("\(MediaFiles.png.count)") == true)
    try write("wide.png", MediaFiles.png(width: 70_000, height: 70_000))
    #expect(refusal("image", "wide.png")?.message.contains("70000 × 70000") == true)
    try write("wide.jpg", MediaFiles.jpeg(width: 65_000, height: 65_000))
    #expect(refusal("image", "wide.jpg")?.message.contains("65000 × 65000") == true)
  }

  @Test("what another user keeps private is not read for somebody")
  func privacy() throws {
    try write("a.png", MediaFiles.png)
    chmod(spool.path + "/a.png", 0o640)
    #expect(try check("image", "a.png") == nil)
    #expect(refusal("image", "a.png", owner: owner + 1)?.message.contains("private") == true)
    chmod(spool.path + "/a.png", 0o644)
    #expect(try check("image", "a.png", owner: owner + 1) == nil)
  }

  @Test("a file that was written just now is waited for")
  func young() throws {
    try write("a.png", MediaFiles.png)
    spool.now.wall = Moment.now.wall
    let wait = try #require(try check("image", "a.png"))
    #expect(wait > 0 && wait <= 2)
    try spool.write("cat.json", #"{"prompt": "x", "image": "a.png"}"#)
    #expect(spool.scan().found.isEmpty && spool.scan().lookAgain != nil)
    spool.now.wall += 3
    #expect(spool.scan().accepted == ["cat.json"])
  }

  @Test("a request that names a bad file is refused when it has settled")
  func scanned() throws {
    try spool.write("cat.json", #"{"prompt": "x", "image": "none.png"}"#)
    #expect(spool.scan().refusals == ["cat.json": .file])
  }

  @Test("the copy has the file's bytes and digest, and keeps them when the file changes")
  func copy() throws {
    try write("a.png", MediaFiles.png)
    let request = try Request(parsing: Array(#"{"prompt": "x", "image": "a.png"}"#.utf8))
    let target = spool.path + "/.copy"
    let reader = ConditioningReader(root: spool.path, limits: RequestLimits())
    let copied = try #require(try reader.copy(request, owner: owner, to: target))
    #expect(copied.byteCount == MediaFiles.png.count && copied.sha256 == sha256(of: MediaFiles.png))
    try write("a.png", Data("changed".utf8))
    #expect(try DurableFile.read(target) == Array(MediaFiles.png))
  }
}
