/// A request file as it was read.
package struct RequestFile: Equatable, Sendable {
  /// Relative to the spool.
  package let path: String
  /// SHA-256 of the bytes, hexadecimal.
  package let digest: String
  /// Size, times and inode: the same stamp means the same bytes.
  package let stamp: String
  package let bytes: [UInt8]
  /// The user number of the file's owner.
  package let owner: Int

  package init(path: String, digest: String, stamp: String, bytes: [UInt8], owner: Int) {
    self.path = path
    self.digest = digest
    self.stamp = stamp
    self.bytes = bytes
    self.owner = owner
  }

  /// The path without `.json` or `.jsonl`: what the outputs are named after.
  package var stem: String {
    let nameStart = path.lastIndex(of: "/") ?? path.startIndex
    guard let dot = path[nameStart...].lastIndex(of: ".") else { return path }
    return String(path[..<dot])
  }
}

/// What the store last knew of a request file.
package struct KnownRequest: Equatable, Sendable {
  package let job: JobID
  package let digest: String
  package let state: JobState
  /// The file's size, times and inode when it was read: the same stamp means the same bytes.
  package let stamp: String

  package init(job: JobID, digest: String, state: JobState, stamp: String) {
    self.job = job
    self.digest = digest
    self.state = state
    self.stamp = stamp
  }
}
