import ControlProtocol
import Foundation

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
