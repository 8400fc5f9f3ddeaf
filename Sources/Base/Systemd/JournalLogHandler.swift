import CSystemd
import Glibc
import Logging

/// swift-log's backend for the journal: the message, and each metadata value as a field of its own, `WALTD_JOB=42`.
package struct JournalLogHandler: LogHandler {
  package var metadata: Logger.Metadata = [:]
  package var logLevel: Logger.Level = .info
  private let identifier: String

  /// - Parameter identifier: the program's name, as `journalctl -t` takes it.
  package init(identifier: String) { self.identifier = identifier }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { $1 }
    let text = LogLine.text("\(event.message)", all)
    var fields = [
      "MESSAGE=\(text)", "PRIORITY=\(event.level.journalPriority)", "SYSLOG_IDENTIFIER=\(identifier)",
    ]
    fields += all.map { "\(Self.fieldName($0.key))=\($0.value)" }
    Self.send(fields)
  }

  /// The journal takes capitals, digits and underscores.
  static func fieldName(_ key: String) -> String {
    "WALTD_" + key.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? String($0) : "_" }.joined()
  }

  private static func send(_ fields: [String]) {
    let buffers = fields.map { field -> UnsafeMutableRawBufferPointer in
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: field.utf8.count, alignment: 1)
      buffer.copyBytes(from: field.utf8)
      return buffer
    }
    defer {
      for buffer in buffers { buffer.deallocate() }
    }
    let vectors = buffers.map { iovec(iov_base: $0.baseAddress, iov_len: $0.count) }
    _ = sd_journal_sendv(vectors, Int32(vectors.count))
  }
}

extension Logger.Level {
  /// syslog(3).
  var journalPriority: Int32 {
    switch self {
    case .trace, .debug: 7
    case .info: 6
    case .notice: 5
    case .warning: 4
    case .error: 3
    case .critical: 2
    }
  }
}
