import CPlatform
import Glibc

extension Folder {
  /// Bytes that an unprivileged process may still write here.
  package func availableBytes() throws(FileSystemError) -> Int {
    let count = walt_available_bytes(descriptor.number)
    guard count >= 0 else { throw FileSystemError("statvfs", path) }
    return Int(count)
  }

  /// Whether file events of other writers may go unnoticed here, so that only looking again tells (network, FUSE and
  /// overlay file systems).
  package func hidesRemoteChanges() throws(FileSystemError) -> Bool {
    let type = walt_file_system_type(descriptor.number)
    guard type >= 0 else { throw FileSystemError("statfs", path) }
    return Self.remoteTypes.contains(type)
  }

  /// `f_type` of NFS, SMB, CIFS, SMB2, FUSE, 9p, AFS, Ceph, GFS2, Lustre and GPFS (linux/magic.h, statfs(2)).
  private static let remoteTypes: Set<Int64> = [
    0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x6573_5546, 0x0102_1997, 0x5346_414F, 0x00C3_6400, 0x0116_1970,
    0x0BD0_0BD0, 0x4750_4653,
  ]
}
