import Foundation
import Logging

/// swift-log's backend for a terminal or a file: one line an event on standard error.
///
/// `2026-11-21T09:40:28Z info job started job=42 stage=base`
package struct LineLogHandler: LogHandler {
  package var metadata: Logger.Metadata = [:]
  package var logLevel: Logger.Level = .info

  package init() {}

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    let text = LogLine.text("\(event.message)", metadata.merging(event.metadata ?? [:]) { $1 })
    let line = "\(Date.now.formatted(.iso8601)) \(event.level) \(text)\n"
    // One write a line: lines of several processes do not mix.
    Array(line.utf8).withUnsafeBytes { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}

/// How an event reads in one line.
enum LogLine {
  static func text(_ message: String, _ metadata: Logger.Metadata) -> String {
    let values = metadata.sorted { $0.key < $1.key }.map { key, value in
      let text = "\(value)".replacing("\n", with: " ")
      return text.contains(" ") || text.isEmpty ? "\(key)=\"\(text)\"" : "\(key)=\(text)"
    }
    return ([message] + values).joined(separator: " ")
  }
}

/// Which backend fits the way the program was started.
package enum LogBackend {
  /// A logger for the journal where standard error is connected to it (`JOURNAL_STREAM`), else for lines.
  package static func logger(_ identifier: String, level: Logger.Level, journalStream: String?) -> Logger {
    var logger = Logger(label: identifier) { _ in
      if standardErrorIs(journalStream) { return JournalLogHandler(identifier: identifier) }
      return LineLogHandler()
    }
    logger.logLevel = level
    return logger
  }

  /// `journalStream` is "DEVICE:INODE".
  private static func standardErrorIs(_ journalStream: String?) -> Bool {
    var status = stat()
    guard let journalStream, fstat(STDERR_FILENO, &status) == 0 else { return false }
    return journalStream == "\(status.st_dev):\(status.st_ino)"
  }
}
