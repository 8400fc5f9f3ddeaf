import ControlProtocol
import Foundation

/// Takes a chunked HTTP answer of server-sent events apart, as its pieces come.
struct EventStreamReader {
  /// What has come and is not yet understood.
  private var waiting = Data()
  /// The stream without the marks of its chunks, from the last event's end.
  private var text = Data()
  private var hasHead = false

  /// - Returns: the `data` of each event that is complete now.
  /// - Throws: the `ControlError` that was answered instead.
  mutating func read(_ bytes: Data) throws -> [Data] {
    waiting += bytes
    if !hasHead {
      guard let end = waiting.firstRange(of: Data("\r\n\r\n".utf8)) else { return [] }
      if !waiting.starts(with: Data("HTTP/1.1 200".utf8)) {
        guard HTTPAnswer.isComplete(waiting) else { return [] }
        throw try ControlCoding.decode(ControlError.self, from: HTTPAnswer.parse(waiting).body)
      }
      waiting = Data(waiting[end.upperBound...])
      hasHead = true
    }
    takeChunks()
    return takeEvents()
  }

  private mutating func takeChunks() {
    let lineEnd = Data("\r\n".utf8)
    while let line = waiting.firstRange(of: lineEnd),
      let size = Int(String(decoding: waiting[..<line.lowerBound], as: UTF8.self), radix: 16), size > 0
    {
      let rest = waiting[line.upperBound...]
      guard rest.count >= size + lineEnd.count else { return }
      text += rest.prefix(size)
      waiting = Data(rest.dropFirst(size + lineEnd.count))
    }
  }

  private mutating func takeEvents() -> [Data] {
    var events: [Data] = []
    while let end = text.firstRange(of: Data("\n\n".utf8)) {
      let lines = text[..<end.lowerBound].split(separator: UInt8(ascii: "\n"))
      let mark = Data("data: ".utf8)
      events += lines.filter { $0.starts(with: mark) }.map { Data($0.dropFirst(mark.count)) }
      text = Data(text[end.upperBound...])
    }
    return events
  }
}
