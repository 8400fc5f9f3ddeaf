import DaemonTesting
import Foundation
import Testing

/// The socket on which systemd would listen.
private final class NotifySocket {
  let path = "/tmp/walt-notify-\(UUID().uuidString.prefix(8))"
  private let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)

  init() throws {
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

  /// What has come since the last time.
  func messages() -> [String] {
    var messages: [String] = []
    var bytes = [UInt8](repeating: 0, count: 1024)
    while true {
      let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
      guard count > 0 else { return messages }
      messages.append(String(decoding: bytes[..<count], as: UTF8.self))
    }
  }
}

@Suite("Under systemd", .timeLimit(.minutes(1)))
struct NotifyTests {
  @Test("the daemon says that it is ready, what it does, that it is alive, and that it stops")
  func sequence() async throws {
    let systemd = try NotifySocket()
    let daemon = try DaemonProcess()
    // The kernel keeps ten datagrams; nobody reads them while the daemon ends.
    daemon.environment = ["NOTIFY_SOCKET": systemd.path, "WATCHDOG_USEC": "2000000"]
    try daemon.start()
    var heard: [String] = []
    func hears(_ message: String, times: Int = 1) async throws {
      try await daemon.wait(for: message) {
        heard += systemd.messages()
        return heard.filter { $0 == message }.count >= times
      }
    }
    try await hears("READY=1")
    try await hears("STATUS=running 0, queued 0")
    try await hears("WATCHDOG=1", times: 2)
    #expect(try await daemon.stop() == 0)
    try await hears("STOPPING=1")
  }
}
