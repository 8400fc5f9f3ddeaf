import GRDB

extension JobStore {
  /// Whether no work is to begin until it is allowed again; survives restarts.
  package func isDrained() async throws -> Bool {
    try await read { try Bool.fetchOne($0, sql: "SELECT count(*) FROM store WHERE key = 'drained'") ?? false }
  }

  package func setDrained(_ isDrained: Bool) async throws {
    try await write { database in
      try database.execute(
        sql: isDrained
          ? "INSERT INTO store VALUES ('drained', '1') ON CONFLICT DO NOTHING"
          : "DELETE FROM store WHERE key = 'drained'")
    }
  }
}
