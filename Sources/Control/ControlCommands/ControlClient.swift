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
    let head =
      "\(method) \(path) HTTP/1.1\r\nHost: waltd\r\nContent-Type: application/json\r\n"
      + "Content-Length: \(body.count)\r\nConnection: close\r\n\r\n"
    let (status, answer) = try HTTPAnswer.parse(try exchange(Data(head.utf8) + body))
    if status < 400 { return try ControlCoding.decode(type, from: answer) }
    if let error = try? ControlCoding.decode(ControlError.self, from: answer) { throw error }
    throw ControlError(.internal, "\(method) \(path): waltd answered \(status); see its log")
  }

  /// Sends all, reads until the answer is complete.
  private func exchange(_ request: Data) throws -> Data {
    let descriptor = try connect()
    defer { close(descriptor) }
    var rest = request[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw DaemonUnreachable(socket: socket, code: errno) }
      rest = rest.dropFirst(count)
    }
    var answer = Data()
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw DaemonUnreachable(socket: socket, code: errno) }
      answer += chunk[..<count]
      if count == 0 || HTTPAnswer.isComplete(answer) { return answer }
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

/// The parts of an HTTP/1.1 response.
enum HTTPAnswer {
  /// Whether the body that the head announces is there. Without a length, the connection's end tells.
  static func isComplete(_ data: Data) -> Bool {
    guard let end = data.firstRange(of: Data("\r\n\r\n".utf8)) else { return false }
    let head = String(decoding: data[..<end.lowerBound], as: UTF8.self).lowercased()
    guard let field = head.split(separator: "\r\n").first(where: { $0.hasPrefix("content-length:") }),
      let length = Int(field.dropFirst("content-length:".count).trimmingCharacters(in: .whitespaces))
    else { return false }
    return data.endIndex - end.upperBound >= length
  }

  static func parse(_ data: Data) throws -> (status: Int, body: Data) {
    guard let end = data.firstRange(of: Data("\r\n\r\n".utf8)) else { throw malformed }
    let head = String(decoding: data[..<end.lowerBound], as: UTF8.self)
    let words = head.prefix { $0 != "\r\n" }.split(separator: " ")
    guard words.count >= 2, let status = Int(words[1]) else { throw malformed }
    let body = data[end.upperBound...]
    return (status, head.lowercased().contains("transfer-encoding: chunked") ? unchunked(body) : Data(body))
  }

  private static var malformed: ControlError { ControlError(.internal, "waltd's answer is not HTTP; use one version") }

  private static func unchunked(_ body: Data) -> Data {
    var (rest, whole) = (body[...], Data())
    while let line = rest.firstRange(of: Data("\r\n".utf8)) {
      let size = Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16) ?? 0
      let chunk = rest[line.upperBound...].prefix(size)
      if size == 0 || chunk.count < size { break }
      whole += chunk
      rest = rest[line.upperBound...].dropFirst(size + 2)
    }
    return whole
  }
}
