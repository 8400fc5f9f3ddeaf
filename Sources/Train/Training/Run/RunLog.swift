import DurableFiles
import Foundation

/// One line of a run's log.
package struct LogRecord: Codable, Sendable, Equatable {
  /// Steps done so far.
  package var step: Int
  /// Seconds of training so far, all sittings together.
  package var seconds: Double
  /// Clips and images seen so far.
  package var samples: Int
  /// The mean loss since the record before, the learning rate and the longest gradient in that time.
  package var loss: Double?
  package var rate: Double?
  package var gradientNorm: Double?
  package var samplesPerSecond: Double?
  /// Named parts of the loss, or figures on held clips.
  package var figures: [String: Double]?

  package init(step: Int, seconds: Double, samples: Int) {
    self.step = step
    self.seconds = seconds
    self.samples = samples
  }
}

/// The record of a run, `log.jsonl`: one JSON object a line, appended as training goes.
package struct RunLog: Sendable {
  private let path: String

  package init(path: String) { self.path = path }

  package func append(_ record: LogRecord) throws {
    try AppendLog(path).append(Self.line(record), durably: false)
  }

  /// The records so far; a last line that a crash cut off is left out.
  package func records() -> [LogRecord] {
    let lines = (try? AppendLog.lines(of: path).lines) ?? []
    return lines.compactMap { try? JSONDecoder().decode(LogRecord.self, from: Data($0.utf8)) }
  }

  /// Takes back what was logged after `step`: a run that goes on from there logs it again.
  package func rewind(to step: Int) throws {
    let all = records()
    let kept = all.filter { $0.step <= step }
    guard kept.count < all.count else { return }
    try DurableFile.replace(path, with: try kept.map { try Self.line($0) + "\n" }.joined())
  }

  private static func line(_ record: LogRecord) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return String(decoding: try encoder.encode(record), as: UTF8.self)
  }
}
