import ControlProtocol
import Foundation

/// The daemon cannot be reached: it is not running, or this user may not.
package struct DaemonUnreachable: Error, Equatable, Sendable, CustomStringConvertible {
  package let socket: String
  /// The `errno` value.
  package let code: Int32

  package var description: String {
    let hint =
      code == EACCES || code == EPERM
      ? "become a member of the group that owns it" : "start waltd, or name its configuration with --config"
    return "connect to \"\(socket)\": \(String(cString: strerror(code))); \(hint)"
  }
}

/// Asks the daemon over its control socket: one HTTP/1.1 request a connection, blocking.
package struct ControlClient: Sendable {
  package let socket: String

  package init(socket: String) { self.socket = socket }

  /// - Throws: `DaemonUnreachable`, or the `ControlError` that it answers.
  package func get<Value: Decodable>(_ path: String, as type: Value.Type = Value.self) throws -> Value {
    try send("GET", path, as: type)
  }

  package func post<Value: Decodable>(_ path: String, body: Data = Data(), as type: Value.Type = Value.self) throws
    -> Value
  {
    try send("POST", path, body: body, as: type)
  }

  private func send<Value: Decodable>(
    _ method: String, _ path: String, body: Data = Data(), as type: Value.Type
  ) throws -> Value {
    let (status, answer) = try HTTPAnswer.parse(try exchange(Self.head(method, path, body) + body))
    if status < 400 { return try ControlCoding.decode(type, from: answer) }
    if let error = try? ControlCoding.decode(ControlError.self, from: answer) { throw error }
    throw ControlError(.internal, "\(method) \(path): waltd answered \(status); see its log")
  }

  private static func head(_ method: String, _ path: String, _ body: Data = Data()) -> Data {
    let lines = [
      "\(method) \(path) HTTP/1.1", "Host: waltd", "Content-Type: application/json", "Content-Length: \(body.count)",
      "Connection: close", "", "",
    ]
    return Data(lines.joined(separator: "\r\n").utf8)
  }

  /// Sends all, reads until the answer is complete.
  private func exchange(_ request: Data) throws -> Data {
    let descriptor = try connect()
    defer { close(descriptor) }
    try send(request, over: descriptor)
    var answer = Data()
    while let bytes = try receive(from: descriptor) {
      answer += bytes
      if HTTPAnswer.isComplete(answer) { break }
    }
    return answer
  }

  /// Follows server-sent events until the daemon ends the connection or `body` returns false.
  ///
  /// - Parameter body: gets the `data` of each event.
  /// - Throws: `DaemonUnreachable`, or the `ControlError` that it answers.
  package func follow(_ path: String, _ body: (Data) throws -> Bool) throws {
    let descriptor = try connect()
    defer { close(descriptor) }
    try send(Self.head("GET", path), over: descriptor)
    var reader = EventStreamReader()
    while let bytes = try receive(from: descriptor) {
      for event in try reader.read(bytes) where try !body(event) { return }
    }
  }

  private func send(_ request: Data, over descriptor: Int32) throws {
    var rest = request[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw DaemonUnreachable(socket: socket, code: errno) }
      rest = rest.dropFirst(count)
    }
  }

  /// What has come, waiting for it; nil at the end.
  private func receive(from descriptor: Int32) throws -> Data? {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw DaemonUnreachable(socket: socket, code: errno) }
      return count == 0 ? nil : Data(chunk[..<count])
    }
  }

  private func connect() throws -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    guard socket.utf8.count < capacity else { throw DaemonUnreachable(socket: socket, code: ENAMETOOLONG) }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socket.utf8) }
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = Foundation.socket(AF_UNIX, type, 0)
    guard descriptor >= 0 else { throw DaemonUnreachable(socket: socket, code: errno) }
    let connected = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard connected == 0 else {
      let code = errno
      close(descriptor)
      throw DaemonUnreachable(socket: socket, code: code)
    }
    return descriptor
  }
}
