import DurableFiles
import Glibc
import JobModel

/// A request file that is new or changed.
package enum FoundRequest: Equatable, Sendable {
  case request(RequestFile, Request)
  /// A batch, whose lines are still to be read.
  case batch(RequestFile)
  /// To be remembered and answered with an error file.
  case refused(RequestFile, RequestError)
}

/// What one look at the spool led to.
package struct SpoolScan: Sendable {
  package var found: [FoundRequest] = []
  /// Requests whose file is gone for good: forget them. Those that are done stay known.
  package var removed: [String] = []
  /// Unfinished requests whose folder is gone, unreadable or another one: hold them.
  package var withoutFolder: [String] = []
  /// Held requests whose file is there: release those that were held for their folder.
  package var present: [String] = []
  /// When to look again even if nothing happens; nil where nothing is waited for.
  package var lookAgain: Duration?
  /// Every folder to be watched, relative to the spool ("." itself), in order.
  package var folders: [String] = []
  /// What could not be read, for the log.
  package var problems: [String] = []
  /// New and changed files, and whether a job stands for each that has not ended; those from `next` on are unread.
  fileprivate var files: [(entry: SpoolEntry, isUnfinished: Bool)] = []
  fileprivate var next = 0

  /// Whether every new file was read.
  package var isComplete: Bool { next == files.count }

  fileprivate mutating func wakeUp(in seconds: Double) {
    lookAgain = min(lookAgain ?? .seconds(seconds), .seconds(seconds))
  }
}

/// Looks at the spool: the truth about which requests there are. Used from one thread at a time.
package final class SpoolScanner {
  private let root: Folder
  private let conditioning: ConditioningReader
  private let limits: RequestLimits
  /// Seconds.
  private let settle: Double
  private var memory = ScanDecision.Memory()

  /// - Parameter settle: how long a file must be unchanged before what is wrong with it counts.
  package init(root: Folder, limits: RequestLimits = RequestLimits(), settle: Duration = .seconds(2)) {
    self.root = root
    self.limits = limits
    conditioning = ConditioningReader(root: root.path, limits: limits)
    self.settle = settle / .seconds(1)
  }

  /// Looks at every name once.
  ///
  /// By its path, each time: the descriptor would follow a folder that was moved away, or see a removed one as empty.
  package func list() -> SpoolListing { SpoolListing(path: root.path) }

  /// Reads what is new, some files at a time: `readOn` while the scan is not complete.
  ///
  /// - Parameters:
  ///   - known: the request that a job stands for, of every listed path, and all others that are not done.
  ///   - limit: how many files to read, and `byteLimit` how many bytes.
  package func scan(
    _ listing: SpoolListing, known: [String: KnownRequest], at now: Moment, limit: Int = SpoolScanner.portion,
    byteLimit: Int64 = SpoolScanner.bytePortion
  ) -> SpoolScan {
    let decision = ScanDecision(listing, known: known, memory: &memory, settle: settle, at: now)
    var scan = SpoolScan()
    scan.removed = decision.removed
    scan.withoutFolder = decision.withoutFolder
    scan.present = decision.present
    scan.lookAgain = decision.lookAgain.map { .seconds($0) }
    scan.folders = listing.folders.keys.sorted()
    scan.problems = listing.problems
    scan.files = decision.toRead.map { ($0, known[$0.path].map { !$0.state.isFinal } ?? false) }
    // Its return raises no event that a watch on the lost folder would see.
    if listing.folders.isEmpty { scan.wakeUp(in: min(settle, Self.patience)) }
    readOn(&scan, at: now, limit: limit, byteLimit: byteLimit)
    scan.found = decision.refused.map { .refused($0.entry.unread, $0.error) } + scan.found
    return scan
  }

  /// Files that are read at a time, and bytes: what is found waits in memory to be taken.
  package static let portion = 2000
  package static let bytePortion: Int64 = 64 << 20

  /// Finds the next new files of a scan in the place of those found before.
  package func readOn(
    _ scan: inout SpoolScan, at now: Moment, limit: Int = SpoolScanner.portion,
    byteLimit: Int64 = SpoolScanner.bytePortion
  ) {
    scan.found = []
    var (count, room) = (0, byteLimit)
    while !scan.isComplete, count < limit, room > 0 {
      let (entry, isUnfinished) = scan.files[scan.next]
      scan.next += 1
      count += 1
      room -= entry.stamp.byteCount
      if let found = read(entry, isUnfinished, at: now, &scan) { scan.found.append(found) }
    }
  }

  /// Reads one file and looks at what it names; nil where it is gone, or young and not right yet, or the disk is at
  /// fault.
  ///
  /// - Parameter isUnfinished: whether a job stands for the file that has not ended.
  private func read(
    _ entry: SpoolEntry, _ isUnfinished: Bool, at now: Moment, _ scan: inout SpoolScan
  ) -> FoundRequest? {
    switch RequestReading.read(entry, in: root.path, limits: limits) {
    case .changing:
      scan.wakeUp(in: min(settle, 0.1))
      return nil
    case .failed(let problem):
      scan.problems.append(problem)
      scan.wakeUp(in: Self.patience)
      return nil
    case .refused(let error) where isUnfinished && error.code == .file:
      // Nobody has changed what it asks for: its job goes on.
      scan.problems.append("\(entry.path): \(error.message)")
      scan.wakeUp(in: Self.patience)
      return nil
    case .refused(let error):
      return settled(entry, entry.unread, error, at: now, &scan)
    case .file(let file):
      if entry.name == .batch { return settledBatch(entry, file, at: now, &scan) }
      do throws(RequestError) {
        let request = try Request(parsing: file.bytes, limits: limits)
        if let rest = try conditioning.check(request, owner: file.owner, settle: settle, at: now) {
          scan.wakeUp(in: rest)
          return nil
        }
        memory.unsettled[entry.path] = nil
        return .request(file, request)
      } catch {
        return settled(entry, file, error, at: now, &scan)
      }
    }
  }

  /// A batch is waited for while its last line may still grow.
  private func settledBatch(
    _ entry: SpoolEntry, _ file: RequestFile, at now: Moment, _ scan: inout SpoolScan
  ) -> FoundRequest? {
    if BatchLines(file.bytes).isCutOff(limits) {
      let wait = memory.wait(for: entry, settle: settle, at: now)
      if wait > 0 {
        scan.wakeUp(in: wait)
        return nil
      }
    }
    memory.unsettled[entry.path] = nil
    return .batch(file)
  }

  /// The refusal of a file that has settled; nil for one that its producer may still be writing.
  private func settled(
    _ entry: SpoolEntry, _ file: RequestFile, _ error: RequestError, at now: Moment, _ scan: inout SpoolScan
  ) -> FoundRequest? {
    let wait = memory.wait(for: entry, settle: settle, at: now)
    if wait > 0 {
      scan.wakeUp(in: wait)
      return nil
    }
    memory.unsettled[entry.path] = nil
    return .refused(file, error)
  }

  /// Seconds until a file that the disk did not give is tried again.
  private static let patience = 5.0
}

extension SpoolEntry {
  /// The file as something to remember where its bytes were not read: the stamp stands for them.
  var unread: RequestFile {
    RequestFile(
      path: path, digest: SHA256Digest(of: stamp.description).hex, stamp: stamp.description, bytes: [], owner: owner)
  }
}
