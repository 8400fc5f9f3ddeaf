import GRDB
import JobModel

extension JobStore {
  /// Notes how long a unit of work took: a moving average in which the newest measurement weighs a fifth.
  package func recordThroughput(
    model: String, stage: TaskStage, device: String, secondsPerUnit: Double
  ) async throws {
    guard secondsPerUnit.isFinite, secondsPerUnit > 0 else { return }
    try await write { database in
      try database.execute(
        sql: """
          INSERT INTO throughput VALUES (?, ?, ?, ?, 1)
          ON CONFLICT DO UPDATE SET seconds_per_unit = 0.8 * seconds_per_unit + 0.2 * excluded.seconds_per_unit,
            measurements = measurements + 1
          """, arguments: [model, stage.rawValue, device, secondsPerUnit])
    }
  }

  /// Seconds of a unit of work as measured; nil where nothing was.
  package func secondsPerUnit(model: String, stage: TaskStage, device: String) async throws -> Double? {
    try await read { database in
      try Double.fetchOne(
        database, sql: "SELECT seconds_per_unit FROM throughput WHERE model = ? AND stage = ? AND device = ?",
        arguments: [model, stage.rawValue, device])
    }
  }
}
