import DurableFiles
import Foundation

/// A disk whose state at any instant can be taken as a power cut would leave it: ext4 in a file on XFS, which copies
/// files in one step (reflink). Needs root, loop devices and mkfs.xfs.
package final class CrashDisk {
  private let folder: String
  /// Where the disk is mounted.
  package var path: String { "\(folder)/disk" }

  /// Why there can be none here; nil: there can.
  package static let obstacle: String? = {
    if geteuid() != 0 { return "file systems must be mounted" }
    for tool in ["/usr/sbin/mkfs.xfs", "/usr/sbin/mkfs.ext4"] where !DurableFile.exists(tool) {
      return "\(tool) is not installed"
    }
    return DurableFile.exists("/dev/loop-control") ? nil : "there are no loop devices"
  }()

  package init() throws {
    folder = "/tmp/walt-crash-\(UUID().uuidString.prefix(8))"
    for name in ["host", "disk", "image"] { try DurableFile.makeFolder("\(folder)/\(name)") }
    try Self.run("truncate", "-s", "600M", "\(folder)/host.img")
    try Self.run("mkfs.xfs", "-q", "-f", "-m", "reflink=1", "\(folder)/host.img")
    try Self.run("mount", "-o", "loop", "\(folder)/host.img", "\(folder)/host")
    try Self.run("truncate", "-s", "64M", "\(folder)/host/disk")
    try Self.run("mkfs.ext4", "-q", "-F", "\(folder)/host/disk")
    // What is not synced stays in memory: nothing reaches the disk by itself in the time of a test.
    try Self.run("mount", "-o", "loop,commit=300", "\(folder)/host/disk", path)
  }

  deinit {
    for name in ["image", "disk", "host"] { _ = try? Self.run("umount", "-l", "\(folder)/\(name)") }
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// What a power cut at this instant would leave, mounted while `body` looks at it.
  package func withImage(_ body: (String) async throws -> Void) async throws {
    let (copy, place) = ("\(folder)/host/copy", "\(folder)/image")
    try Self.run("cp", "--reflink=always", "\(folder)/host/disk", copy)
    try Self.run("mount", "-o", "loop", copy, place)
    do {
      try await body(place)
    } catch {
      _ = try? Self.run("umount", "-l", place)
      throw error
    }
    try Self.run("umount", place)
    try DurableFile.remove(copy)
  }

  private static func run(_ arguments: String...) throws {
    let end = try TestPrograms.run("/usr/bin/env", arguments)
    if end.code != 0 { throw TestFailure("\(arguments.joined(separator: " ")): \(end.errors)") }
  }
}
