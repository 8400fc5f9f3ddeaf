import Foundation
import GRDB
import JobModel

/// How long tasks of one kind take by unit, on one device.
package struct ThroughputKey: Hashable, Sendable {
  /// With its variant: `demo/wide`.
  package let model: String
  package let stage: TaskStage
  /// See `JobOutline.kind`.
  package let kind: String
  package let device: String

  package init(model: String, stage: TaskStage, kind: String, device: String) {
    self.model = model
    self.stage = stage
    self.kind = kind
    self.device = device
  }
}

extension JobStore {
  /// Measurements that are kept of each kind.
  private static let keptCount = 7

  /// Notes how long a unit of work took. The newest few are kept: their median bears that now and then a model had to be
  /// loaded first, or the machine had something else to do.
  package func recordThroughput(_ key: ThroughputKey, secondsPerUnit: Double) async throws {
    guard secondsPerUnit.isFinite, secondsPerUnit > 0 else { return }
    try await write(.soon) { database in
      let arguments: StatementArguments = [key.model, key.stage.rawValue, key.kind, key.device]
      try database.execute(
        sql: "INSERT INTO throughput (model, stage, kind, device, seconds_per_unit) VALUES (?, ?, ?, ?, ?)",
        arguments: arguments + [secondsPerUnit])
      try database.execute(
        sql: """
          DELETE FROM throughput WHERE model = ? AND stage = ? AND kind = ? AND device = ? AND id NOT IN (
            SELECT id FROM throughput WHERE model = ? AND stage = ? AND kind = ? AND device = ?
            ORDER BY id DESC LIMIT \(Self.keptCount))
          """, arguments: arguments + arguments)
    }
  }

  /// The median of what was measured last, for each kind.
  package func throughput() async throws -> [ThroughputKey: Double] {
    try await read { database in
      var measured: [ThroughputKey: [Double]] = [:]
      for row in try Row.fetchAll(database, sql: "SELECT * FROM throughput") {
        let key = ThroughputKey(
          model: row["model"], stage: try row.word("stage"), kind: row["kind"], device: row["device"])
        measured[key, default: []].append(row["seconds_per_unit"])
      }
      return measured.compactMapValues(median)
    }
  }
}

/// The middle one, or the mean of the two in the middle; nil where there is none.
package func median(_ values: [Double]) -> Double? {
  guard !values.isEmpty else { return nil }
  let sorted = values.sorted()
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
