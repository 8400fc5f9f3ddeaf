import DurableFiles
import Glibc

/// What identifies the content of a file without reading it, and the folder it lies in.
///
/// Written as text into the store: `device.inode.size.mtime.ctime@device.inode`, times in nanoseconds.
package struct FileStamp: Equatable, Sendable, CustomStringConvertible {
  package let identity: FileIdentity
  package let byteCount: Int64
  /// Nanoseconds since 1970.
  package let modified: Int64
  package let changed: Int64
  /// The folder's.
  package let parent: FileIdentity

  package init(_ status: stat, parent: FileIdentity) {
    identity = FileIdentity(status)
    byteCount = Int64(status.st_size)
    modified = Self.nanoseconds(status.st_mtim)
    changed = Self.nanoseconds(status.st_ctim)
    self.parent = parent
  }

  package var description: String {
    "\(identity.device).\(identity.inode).\(byteCount).\(modified).\(changed)@\(parent.device).\(parent.inode)"
  }

  /// The folder in a stamp's text; nil where it is no stamp.
  package static func parent(in text: String) -> FileIdentity? {
    guard let at = text.lastIndex(of: "@") else { return nil }
    let numbers = text[text.index(after: at)...].split(separator: ".").compactMap { UInt64($0) }
    return numbers.count == 2 ? FileIdentity(device: numbers[0], inode: numbers[1]) : nil
  }

  private static func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}

/// One instant on both clocks: the wall's, which files are stamped with, and the one that never jumps.
package struct Moment: Equatable, Sendable {
  /// Seconds since 1970.
  package var wall: Double
  /// Seconds since the machine started, suspension included.
  package var uptime: Double

  package init(wall: Double, uptime: Double) {
    self.wall = wall
    self.uptime = uptime
  }

  package static var now: Moment { Moment(wall: seconds(CLOCK_REALTIME), uptime: seconds(CLOCK_BOOTTIME)) }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
