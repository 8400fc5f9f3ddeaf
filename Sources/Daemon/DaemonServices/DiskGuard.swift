import DurableFiles
import Foundation
import JobStore
import Logging
import Synchronization

/// Watches the room on the disks of state and spool, and keeps some back: with none left SQLite could not even note
/// that a job is held or cancelled.
package final class DiskGuard: Sendable {
  private let state: String
  private let spool: String
  private let reserveFile: String
  private let reserveByteCount: Int
  /// No work begins with less room than this.
  private let minimum: Int
  private let logger: Logger
  private let wasShort = Mutex(false)

  package init(_ configuration: DaemonConfiguration, logger: Logger) {
    state = configuration.paths.state
    spool = configuration.paths.spool
    reserveFile = "\(configuration.paths.state)/reserve"
    reserveByteCount = configuration.disk.reserve.bytes
    minimum = configuration.disk.keepFree.bytes
    self.logger = logger
  }

  /// Whether there is too little room to begin anything. Gives the reserve up where there is, and takes it again where
  /// there is enough for both.
  package var isShort: Bool {
    // A folder that is not there is not full.
    let (state, spool) = (Self.room(at: self.state), Self.room(at: self.spool))
    // What the reserve lacks is not free, or giving it up would look like room.
    let missing = reserveByteCount - (DurableFile.byteCount(of: reserveFile) ?? 0)
    let room = min(state - missing, spool)
    let isShort = room < minimum
    if isShort, missing <= 0, state < minimum { giveUpReserve() } else if !isShort, missing > 0 { takeReserve() }
    let hasChanged = wasShort.withLock { was in
      defer { was = isShort }
      return was != isShort
    }
    if hasChanged {
      logger.log(
        level: isShort ? .error : .notice, isShort ? "disk full" : "room on the disk again",
        metadata: ["free": "\(room)", "needed": "\(minimum)"])
    }
    return isShort
  }

  /// Bytes that are free for each of the folders.
  package var rooms: [String: Int] { ["state": Self.room(at: state), "spool": Self.room(at: spool)] }

  /// Does what writes into the store; where the disk is full, once more with the reserve given up.
  package func withRoom<Value>(
    isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Value
  ) async throws -> Value {
    do {
      return try await body()
    } catch let error where StoreError.isDiskFull(error) {
      giveUpReserve()
      return try await body()
    }
  }

  private static func room(at folder: String) -> Int { (try? DurableFile.availableBytes(at: folder)) ?? .max >> 1 }

  private func giveUpReserve() { unlink(reserveFile) }

  private func takeReserve() {
    do {
      try DurableFile.allocate(reserveFile, byteCount: reserveByteCount)
    } catch {
      giveUpReserve()
    }
  }
}
