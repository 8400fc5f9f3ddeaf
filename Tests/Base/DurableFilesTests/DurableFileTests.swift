import CPlatform
import DurableFiles
import Foundation
import Testing

@Suite("Durable files")
struct DurableFileTests {
  let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "walt-" + UUID().uuidString
    try DurableFile.makeFolder(folder)
  }

  private func path(_ name: String) -> String { folder + "/" + name }

  private func text(_ name: String) throws -> String {
    String(decoding: try DurableFile.read(path(name)), as: UTF8.self)
  }

  @Test("a replaced file has the new content and leaves nothing else in its folder")
  func replaceLeavesNothing() throws {
    defer { _ = try? DurableFile.remove(folder) }
    try DurableFile.replace(path("a"), with: "one")
    try DurableFile.replace(path("a"), with: "two")
    #expect(try text("a") == "two")
    #expect(try Folder(folder).names() == ["a"])
  }

  @Test("a body that throws leaves the old content and no temporary file")
  func throwingBody() throws {
    defer { _ = try? DurableFile.remove(folder) }
    try DurableFile.replace(path("a"), with: "one")
    #expect(throws: CancellationError.self) {
      try DurableFile.replace(path("a")) { file in
        try file.write(Array("half".utf8), path: "a")
        throw CancellationError()
      }
    }
    #expect(try text("a") == "one")
    #expect(try Folder(folder).names() == ["a"])
  }

  @Test("a replacement that must not replace leaves what is there and says EEXIST")
  func refuseExisting() throws {
    defer { _ = try? DurableFile.remove(folder) }
    try DurableFile.replace(path("a"), with: "one")
    let error = try #require(throws: FileSystemError.self) {
      try DurableFile.replace(path("a"), with: Array("two".utf8), existing: .refuse)
    }
    #expect(error.isAlreadyThere)
    #expect(try text("a") == "one")
    #expect(try Folder(folder).names() == ["a"])
  }

  @Test("replacing a symbolic link replaces the link, not what it points to")
  func linkIsReplaced() throws {
    defer { _ = try? DurableFile.remove(folder) }
    try DurableFile.replace(path("target"), with: "safe")
    symlink(path("target"), path("link"))
    try DurableFile.replace(path("link"), with: "new")
    #expect(try text("target") == "safe")
    #expect(try text("link") == "new")
  }

  @Test("a finished file is published under its final name in another folder")
  func publish() throws {
    defer { _ = try? DurableFile.remove(folder) }
    try DurableFile.makeFolder(path("x/y/z"))
    try DurableFile.replace(path("x/y/z/part"), with: "clip")
    try DurableFile.publish(path("x/y/z/part"), as: path("clip"))
    #expect(try text("clip") == "clip")
    #expect(try Folder(path("x/y/z")).names().isEmpty)
  }

  @Test("removing takes a folder with all that is in it, and says whether there was one")
  func remove() throws {
    defer { _ = try? DurableFile.remove(folder) }
    try DurableFile.makeFolder(path("x/y"))
    try DurableFile.replace(path("x/y/a"), with: "1")
    #expect(try DurableFile.remove(path("x")))
    #expect(try !DurableFile.remove(path("x")))
  }

  @Test("a folder opens nothing outside itself and follows no symbolic link")
  func beneath() throws {
    defer { _ = try? DurableFile.remove(folder) }
    try DurableFile.makeFolder(path("in"))
    try DurableFile.replace(path("secret"), with: "s")
    symlink("../secret", path("in/link"))
    let inner = try Folder(path("in"))
    for name in ["../secret", "link", path("secret")] {
      #expect(throws: FileSystemError.self) { _ = try inner.open(name).number }
    }
  }

  @Test("walking part by part opens the same as the kernel does in one call, and refuses the same")
  func walking() throws {
    defer { _ = try? DurableFile.remove(folder) }
    try DurableFile.makeFolder(path("a/b"))
    try DurableFile.replace(path("a/b/file"), with: "here")
    symlink("b", path("a/link"))
    symlink("b/file", path("a/linked"))
    let root = try Folder(folder)
    for name in ["a/b/file", "a//b/file", ".", "a/b", "a/./b/file"] {
      let number = walt_open_walking(root.descriptor.number, name, O_RDONLY | O_CLOEXEC, 0)
      #expect(number >= 0, "\(name)")
      close(number)
      _ = try root.open(name).number
    }
    for name in ["a/../a/b/file", "..", path("a"), "a/link/file", "a/linked", "a/none", "", "a/b/file/x"] {
      #expect(walt_open_walking(root.descriptor.number, name, O_RDONLY | O_CLOEXEC, 0) == -1, "\(name)")
    }
  }

  @Test("an error says what was attempted on which path, why, and what to do")
  func message() throws {
    defer { _ = try? DurableFile.remove(folder) }
    let error = #expect(throws: FileSystemError.self) { try DurableFile.read("/nowhere/cat.json") }
    #expect(error?.description == "open \"/nowhere/cat.json\": No such file or directory (ENOENT); check the path")
  }

  @Test("reading stops at the limit")
  func limit() throws {
    defer { _ = try? DurableFile.remove(folder) }
    try DurableFile.replace(path("a"), with: "12345")
    #expect(try DurableFile.read(path("a"), limit: 5).count == 5)
    #expect(throws: FileSystemError.self) { try DurableFile.read(path("a"), limit: 4) }
  }

  @Test("a log gives its complete lines, goes on from an offset, and loses a torn last line when opened again")
  func log() throws {
    defer { _ = try? DurableFile.remove(folder) }
    #expect(try AppendLog.lines(of: path("log")).lines.isEmpty)
    let first = try AppendLog(path("log"))
    try first.append("one", durably: true)
    let (lines, end) = try AppendLog.lines(of: path("log"))
    #expect(lines == ["one"])
    let handle = try #require(FileHandle(forWritingAtPath: path("log")))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data("torn".utf8))
    #expect(try AppendLog.lines(of: path("log"), from: end).lines.isEmpty)
    try AppendLog(path("log")).append("two", durably: false)
    #expect(try AppendLog.lines(of: path("log"), from: end).lines == ["two"])
  }

  @Test("a mapped file shows the file's bytes, and an empty file none")
  func mapped() throws {
    defer { _ = try? DurableFile.remove(folder) }
    try DurableFile.replace(path("a"), with: "bytes")
    try DurableFile.replace(path("empty"), with: "")
    #expect(try MappedFile(path("a")).withUnsafeBytes { Array($0) } == Array("bytes".utf8))
    #expect(try MappedFile(path("empty")).byteCount == 0)
    #expect(throws: FileSystemError.self) { try MappedFile(folder) }
  }

  @Test("a lock keeps a second holder out, says who has it, and is free again when let go")
  func lock() throws {
    defer { _ = try? DurableFile.remove(folder) }
    do {
      let lock = try FileLock(path("lock"))
      let error = #expect(throws: FileSystemError.self) { try FileLock(path("lock")) }
      #expect(error?.code == EWOULDBLOCK)
      #expect(error?.detail == "held by process \(getpid()); stop it first")
      withExtendedLifetime(lock) {}
    }
    _ = try FileLock(path("lock"))
  }
}
