import DurableFiles
import Foundation
import GRDB
import JobModel

/// The one place that knows what was asked for and how far it is: SQLite through one connection in one process.
///
/// Every method is one transaction. Work runs on the database's own queue and is not cancelled with the task that asked
/// for it. A transaction is durable when its method returns (WAL, `synchronous=FULL`), but for those that say `soon`:
/// what they wrote can be told again from files that are durable already, or says only that something has begun. They
/// reach the disk with the next transaction that waits for it, within a second in any case, and never before what was
/// written earlier: a power cut takes the end of the history, not parts of it.
///
/// A change of state is an `UPDATE` that names the state (and lease) it starts from: one changed row, or an error.
package final class JobStore: Sendable {
  private let queue: DatabaseQueue
  private let seal: Seal
  let now: @Sendable () -> Date
  /// What priority and deadline are worth where a job comes in.
  let ageing: Ageing
  let outlines = OutlineCache()
  private let groupCommit: GroupCommit
  /// Whether the process before this one ended without `close`.
  package let wasUnclean: Bool

  /// Opens or makes the database at `path`, brings its tables up to date, and checks it after an unclean stop.
  ///
  /// - Throws: `StoreError.damaged` where the check finds something.
  package init(path: String, ageing: Ageing = Ageing(), now: @escaping @Sendable () -> Date = { Date() }) throws {
    self.now = now
    self.ageing = ageing
    groupCommit = GroupCommit(log: path + "-wal")
    seal = Seal(database: path)
    do {
      try seal.remove()
      queue = try DatabaseQueue(path: path, configuration: Self.configuration)
      try Schema.migrator.migrate(queue)
      wasUnclean = try queue.write { try Self.begin($0, path: path) }
    } catch let error as DatabaseError where Self.damageCodes.contains(error.resultCode) {
      throw Self.damage(path, error.message ?? "damaged")
    }
  }

  /// What SQLite says of a file that is not what it was: also that a table is missing, or the end of the file.
  private static let damageCodes: [ResultCode] = [
    .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_IOERR,
  ]

  /// Notes that a process has the database, and checks it where the one before did not say that it had finished.
  private static func begin(_ database: Database, path: String) throws -> Bool {
    let stop = try String.fetchOne(database, sql: "SELECT value FROM store WHERE key = 'stop'")
    if stop == "unclean", let problem = try String.fetchOne(database, sql: "PRAGMA quick_check(1)"), problem != "ok" {
      throw damage(path, problem)
    }
    try database.execute(
      sql: "INSERT INTO store VALUES ('stop', 'unclean') ON CONFLICT DO UPDATE SET value = excluded.value")
    return stop == "unclean"
  }

  private static func damage(_ path: String, _ problem: String) -> StoreError {
    StoreError(.damaged, "open job store \"\(path)\": \(problem); run waltctl doctor")
  }

  /// Notes that all is in order, closes the file and seals it; the store is not used after.
  package func close() async throws {
    try await write { try $0.execute(sql: "UPDATE store SET value = 'clean' WHERE key = 'stop'") }
    try queue.close()
    try seal.set()
  }

  /// Looks through the whole database (`integrity_check`); empty where nothing is wrong. Takes long.
  package func integrityProblems() async throws -> [String] {
    try await read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }.filter { $0 != "ok" }
  }

  /// What the file system of the database cannot know: references without an end, requests that are not what was
  /// accepted. Takes long.
  package func contentProblems() async throws -> [String] {
    try await read { database in
      let broken = try Row.fetchAll(database, sql: "PRAGMA foreign_key_check").map { row in
        "a row of \(row["table"] as String) belongs to nothing"
      }
      let rows = try Row.fetchCursor(
        database, sql: "SELECT id, digest, request FROM job WHERE state != 'rejected' AND length(request) > 0")
      var changed: [String] = []
      while let row = try rows.next() {
        let id: Int64 = row["id"]
        if sha256(of: row["request"] as Data) != row["digest"] { changed.append("the request of job \(id) is damaged") }
      }
      return broken + changed
    }
  }

  func write<Value: Sendable>(
    _ durability: Durability = .atOnce, _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      switch durability {
      case .atOnce: queue.asyncWrite(body) { _, result in continuation.resume(with: result) }
      case .soon:
        queue.asyncWriteWithoutTransaction { [groupCommit] database in
          continuation.resume(with: Result { try database.writeWithoutWaiting(body) })
          groupCommit.schedule()
        }
      }
    }
  }

  func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      queue.asyncRead { database in continuation.resume(with: Result { try body(database.get()) }) }
    }
  }

  private static var configuration: Configuration {
    var configuration = Configuration()
    configuration.label = "walt.jobstore"
    configuration.journalMode = .wal
    configuration.foreignKeysEnabled = true
    configuration.busyMode = .timeout(5)
    configuration.prepareDatabase { database in
      try database.execute(
        sql: """
          PRAGMA synchronous = FULL;
          PRAGMA trusted_schema = OFF;
          PRAGMA cell_size_check = ON;
          PRAGMA mmap_size = 0;
          PRAGMA journal_size_limit = 67108864;
          PRAGMA wal_autocheckpoint = 4000;
          """)
    }
    return configuration
  }
}
