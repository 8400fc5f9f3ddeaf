import DurableFiles
import Foundation
import Logging
import Spool
import Testing

@Suite("Watching the spool", .timeLimit(.minutes(1)))
struct SpoolWatcherTests {
  private func watcher(_ spool: TestSpool, _ mode: SpoolWatcher.Mode = .inotify) -> SpoolWatcher {
    SpoolWatcher(root: spool.path, mode: mode, logger: Logger(label: "test"))
  }

  @Test("a request written, renamed or linked into a watched folder wakes")
  func wakes() async throws {
    let spool = try TestSpool()
    try DurableFile.makeFolder(spool.path + "/a")
    let watcher = watcher(spool)
    defer { watcher.stop() }
    #expect(watcher.watch([".", "a"]))
    #expect(!watcher.watch([".", "a"]))
    var wakeUps = watcher.wakeUps.makeAsyncIterator()
    try Data("{}".utf8).write(to: URL(filePath: spool.path + "/cat.json"))
    #expect(await wakeUps.next() != nil)
    try Data("{}".utf8).write(to: URL(filePath: spool.path + "/.new"))
    link(spool.path + "/.new", spool.path + "/a/linked.json")
    #expect(await wakeUps.next() != nil)
    rename(spool.path + "/.new", spool.path + "/a/renamed.json")
    #expect(await wakeUps.next() != nil)
  }

  @Test("a new folder wakes, and is then watched as well")
  func newFolder() async throws {
    let spool = try TestSpool()
    let watcher = watcher(spool)
    defer { watcher.stop() }
    _ = watcher.watch(["."])
    var wakeUps = watcher.wakeUps.makeAsyncIterator()
    try DurableFile.makeFolder(spool.path + "/b")
    #expect(await wakeUps.next() != nil)
    #expect(watcher.watch([".", "b"]))
    try Data("{}".utf8).write(to: URL(filePath: spool.path + "/b/cat.json"))
    #expect(await wakeUps.next() != nil)
  }

  @Test("stopping ends the stream, also in poll mode, where nothing is watched")
  func stop() async throws {
    let spool = try TestSpool()
    let watcher = watcher(spool, .poll)
    #expect(watcher.mode == .poll)
    #expect(!watcher.watch(["."]))
    watcher.stop()
    var wakeUps = watcher.wakeUps.makeAsyncIterator()
    #expect(await wakeUps.next() == nil)
  }
}
