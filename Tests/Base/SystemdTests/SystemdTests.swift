import Foundation
import Logging
import Testing

@testable import Systemd

/// What systemd would hear: a datagram socket in its place.
private final class Listener {
  let path: String
  private let descriptor: Int32

  init() throws {
    path = "/tmp/walt-notify-\(UUID().uuidString.prefix(8))"
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(bound == 0)
  }

  deinit {
    close(descriptor)
    unlink(path)
  }

  func next() -> String {
    var bytes = [UInt8](repeating: 0, count: 1024)
    let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
    return String(decoding: bytes[..<max(count, 0)], as: UTF8.self)
  }
}

@Suite("systemd", .serialized)
struct SystemdTests {
  @Test("what is notified arrives as systemd reads it, and nothing happens without systemd")
  func notify() throws {
    let notifier = ServiceNotifier()
    unsetenv("NOTIFY_SOCKET")
    notifier.notify(.ready)
    let listener = try Listener()
    setenv("NOTIFY_SOCKET", listener.path, 1)
    defer { unsetenv("NOTIFY_SOCKET") }
    notifier.notify(.ready, .status("running 1,\nqueued 2"))
    #expect(listener.next() == "READY=1\nSTATUS=running 1, queued 2")
    notifier.notify(.watchdog)
    #expect(listener.next() == "WATCHDOG=1")
    notifier.notify(.reloading(monotonicMicroseconds: 1500), .stopping)
    #expect(listener.next() == "RELOADING=1\nMONOTONIC_USEC=1500\nSTOPPING=1")
  }

  @Test("the watchdog is told of twice in the time that the unit allows")
  func watchdog() {
    #expect(ServiceNotifier().watchdogInterval == nil)
    setenv("WATCHDOG_USEC", "3000000", 1)
    setenv("WATCHDOG_PID", "\(getpid())", 1)
    defer {
      unsetenv("WATCHDOG_USEC")
      unsetenv("WATCHDOG_PID")
    }
    #expect(ServiceNotifier().watchdogInterval == .milliseconds(1500))
  }

  @Test("a line of the log holds the message and its values, in the order of their names")
  func line() {
    let text = LogLine.text("job started", ["stage": "base", "job": "42", "prompt": "a cat"])
    #expect(text == "job started job=42 prompt=\"a cat\" stage=base")
    #expect(JournalLogHandler.fieldName("worker-end") == "WALTD_WORKER_END")
  }
}
