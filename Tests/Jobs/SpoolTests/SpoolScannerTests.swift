import DurableFiles
import Foundation
import JobModel
import Spool
import Testing

@Suite("Looking at the spool")
struct SpoolScannerTests {
  @Test("requests of the spool and its sub-folders are found, with their bytes and digests")
  func found() throws {
    let spool = try TestSpool()
    try spool.write("cat.json")
    try spool.write("a/b/dog.json", #"{"prompt": "a dog"}"#)
    try spool.write("cat.result.json", "{}")
    try spool.write(".hidden/x.json")
    let scan = spool.take()
    #expect(scan.accepted == ["a/b/dog.json", "cat.json"])
    #expect(scan.folders == [".", "a", "a/b"])
    #expect(scan.lookAgain == nil)
    #expect(spool.known["cat.json"]?.digest == SHA256Digest(of: #"{"prompt": "a cat"}"#).hex)
    #expect(spool.scan().found.isEmpty)
  }

  @Test("a changed request is found again")
  func changed() throws {
    let spool = try TestSpool()
    try spool.write("cat.json")
    spool.take()
    try spool.write("cat.json", #"{"prompt": "a dog"}"#)
    #expect(spool.scan().accepted == ["cat.json"])
  }

  @Test("a bad request is waited for while it is young, and refused when it has settled")
  func settle() throws {
    let spool = try TestSpool()
    try spool.write("cat.json", "{\"prompt\":")
    #expect(spool.scan().found.isEmpty)
    let wait = try #require(spool.scan().lookAgain)
    #expect(wait > .zero && wait <= .seconds(2))
    spool.now.uptime += 2.1
    #expect(spool.take().refusals == ["cat.json": .syntax])
    #expect(spool.scan().found.isEmpty)
  }

  @Test("a request that is completed while it is waited for is taken at once")
  func completed() throws {
    let spool = try TestSpool()
    try spool.write("cat.json", "{\"prompt\":")
    _ = spool.scan()
    spool.now.uptime += 1
    try spool.write("cat.json")
    #expect(spool.scan().accepted == ["cat.json"])
  }

  @Test("an old file that is bad is refused without waiting")
  func old() throws {
    let spool = try TestSpool()
    try spool.write("cat.json", "nonsense")
    spool.now.wall += 60
    #expect(spool.scan().refusals == ["cat.json": .syntax])
  }

  @Test("links, FIFOs and large files are refused and never opened or followed")
  func hostile() throws {
    var limits = RequestLimits()
    limits.json.byteCount = 1000
    let spool = try TestSpool(limits: limits)
    symlink("/etc/passwd", spool.path + "/link.json")
    mkfifo(spool.path + "/fifo.json", 0o644)
    try spool.write("large.json", String(repeating: " ", count: 2000))
    try spool.write("hard.json")
    link(spool.path + "/hard.json", spool.path + "/hard2.txt")
    try spool.write("outside/x.json")
    symlink(spool.path + "/outside", spool.path + "/loop")
    spool.now.wall += 60
    spool.now.uptime += 60
    let scan = spool.scan()
    #expect(
      scan.refusals == [
        "link.json": .file, "fifo.json": .file, "large.json": .tooLarge, "hard.json": .file,
      ])
    #expect(scan.accepted == ["outside/x.json"])
  }

  @Test("a batch is taken whole at once, but one whose last line is cut off is waited for")
  func batch() throws {
    let spool = try TestSpool()
    try spool.write("whole.jsonl", "{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}")
    try spool.write("cut.jsonl", "{\"prompt\": \"a\"}\n{\"prompt\":")
    try spool.write("bad.jsonl", "{\"prompt\":\n")
    #expect(spool.take().batches == ["bad.jsonl", "whole.jsonl"])
    spool.now.uptime += 2.1
    #expect(spool.take().batches == ["cut.jsonl"])
    #expect(spool.scan().found.isEmpty)
  }

  @Test("a folder made a request's name is looked into, not read")
  func folderNamedLikeRequest() throws {
    let spool = try TestSpool()
    try spool.write("odd.json/cat.json")
    #expect(spool.scan().accepted == ["odd.json/cat.json"])
  }

  @Test("a hard link is waited for, since it may be a file being put in place")
  func hardLink() throws {
    let spool = try TestSpool()
    try spool.write(".part")
    link(spool.path + "/.part", spool.path + "/cat.json")
    #expect(spool.scan().found.isEmpty)
    #expect(spool.scan().lookAgain != nil)
    unlink(spool.path + "/.part")
    #expect(spool.scan().accepted == ["cat.json"])
  }

  @Test("a request that is missing in two looks apart is removed, one that comes back is not")
  func removed() throws {
    let spool = try TestSpool()
    try spool.write("cat.json")
    try spool.write("dog.json")
    spool.take()
    try DurableFile.remove(spool.path + "/cat.json")
    try DurableFile.remove(spool.path + "/dog.json")
    #expect(spool.scan().removed.isEmpty)
    #expect(spool.scan().lookAgain == .seconds(2))
    try spool.write("dog.json")
    spool.now.uptime += 1
    spool.take()
    spool.now.uptime += 1.5
    #expect(spool.scan().removed == ["cat.json"])
  }

  @Test("a finished job's request may be removed without consequence")
  func removedAfterDone() throws {
    let spool = try TestSpool()
    try spool.write("cat.json")
    spool.take(state: .done)
    try DurableFile.remove(spool.path + "/cat.json")
    #expect(spool.scan().lookAgain == nil)
    spool.now.uptime += 10
    #expect(spool.scan().removed.isEmpty)
  }

  @Test("where the folder is gone or another one, its jobs wait and are not cancelled")
  func folderGone() throws {
    let spool = try TestSpool()
    try spool.write("a/cat.json")
    spool.take()
    rename(spool.path + "/a", spool.path + "/.away")
    for _ in 0..<3 {
      spool.now.uptime += 10
      let scan = spool.scan()
      #expect(scan.removed.isEmpty)
      #expect(scan.withoutFolder == ["a/cat.json"])
    }
    try DurableFile.makeFolder(spool.path + "/a")
    #expect(spool.scan().withoutFolder == ["a/cat.json"])
    try DurableFile.remove(spool.path + "/a")
    rename(spool.path + "/.away", spool.path + "/a")
    spool.known["a/cat.json"] = spool.known["a/cat.json"].map {
      KnownRequest(job: $0.job, digest: $0.digest, state: .held, stamp: $0.stamp)
    }
    #expect(spool.scan().present == ["a/cat.json"])
    #expect(spool.scan().withoutFolder.isEmpty)
  }

  @Test("where the spool itself is gone or another one, its jobs wait and are not cancelled")
  func spoolGone() throws {
    let spool = try TestSpool()
    try spool.write("cat.json")
    spool.take()
    rename(spool.path, spool.path + "-away")
    defer { _ = try? DurableFile.remove(spool.path + "-away") }
    for _ in 0..<2 {
      spool.now.uptime += 10
      #expect(spool.scan().withoutFolder == ["cat.json"])
      #expect(spool.scan().removed.isEmpty)
    }
    #expect(spool.scan().problems.count == 1)
    try DurableFile.makeFolder(spool.path)
    spool.now.uptime += 10
    #expect(spool.scan().withoutFolder == ["cat.json"])
    #expect(spool.scan().removed.isEmpty)
  }

  @Test("a refused request that is removed is forgotten, so that the same bytes are answered again")
  func removedAfterRefusal() throws {
    let spool = try TestSpool()
    try spool.write("cat.json", "{")
    spool.now.wall += 60
    spool.take()
    try DurableFile.remove(spool.path + "/cat.json")
    _ = spool.scan()
    spool.now.uptime += 3
    #expect(spool.scan().removed == ["cat.json"])
  }

  @Test("a folder that a job owns is not scanned")
  func owned() throws {
    let spool = try TestSpool()
    try spool.write("cat/000000.json")
    try spool.write("cat/.walt", "{}")
    #expect(spool.scan().found.isEmpty)
    #expect(spool.scan().folders == ["."])
  }

  @Test("more files than are read at a time are read on, each once")
  func limit() throws {
    let spool = try TestSpool()
    for number in 0..<5 { try spool.write("\(number).json") }
    var scan = spool.scan(limit: 3)
    #expect(scan.found.count == 3 && !scan.isComplete)
    var paths = scan.accepted
    spool.scanner.readOn(&scan, at: spool.now, limit: 3)
    paths += scan.accepted
    #expect(Set(paths).count == 5 && scan.found.count == 2 && scan.isComplete)
  }
}
