import DurableFiles
import Foundation
import WorkerProtocol

/// A process, told apart from a later one with the same number: by its start and the machine's boot.
package struct ProcessIdentity: Codable, Hashable, Sendable {
  package let pid: Int32
  /// Clock ticks since boot (`/proc/PID/stat`, field 22); nil where the process was gone already.
  package let startTime: UInt64?
  /// `/proc/sys/kernel/random/boot_id`.
  package let bootID: String

  enum CodingKeys: String, CodingKey {
    case pid
    case startTime = "start_time"
    case bootID = "boot_id"
  }

  package init(pid: Int32) {
    self.pid = pid
    startTime = Self.startTime(of: pid)
    bootID = Self.currentBootID()
  }

  /// Whether this very process still runs; a zombie does not.
  package var isAlive: Bool {
    guard bootID == Self.currentBootID(), let startTime else { return false }
    return Self.startTime(of: pid) == startTime
  }

  package func write(to path: String) throws {
    try DurableFile.makeFolder(path.folderAndName.folder)
    try DurableFile.replace(path, with: try ProtocolCoding.encode(self))
  }

  /// Nil where the file is not there or not whole.
  package static func read(_ path: String) -> ProcessIdentity? {
    guard let bytes = try? DurableFile.read(path, limit: 4096) else { return nil }
    return try? ProtocolCoding.decode(ProcessIdentity.self, bytes, path: path)
  }

  package static func currentBootID() -> String {
    guard let bytes = try? DurableFile.read("/proc/sys/kernel/random/boot_id", limit: 64) else { return "" }
    return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Nil for no process and for a zombie.
  private static func startTime(of pid: Int32) -> UInt64? {
    guard let bytes = try? DurableFile.read("/proc/\(pid)/stat", limit: 4096) else { return nil }
    // The name, in brackets, may hold anything: the fields begin after the last bracket, with number 3, the state.
    let fields = String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
    guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
    return UInt64(fields[19])
  }
}
