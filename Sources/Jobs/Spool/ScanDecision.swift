import DurableFiles
import JobModel

/// What to do after a look at the spool: a pure function of what was seen, what is known and how long each thing has
/// been so.
struct ScanDecision: Equatable {
  /// To be opened and read.
  var toRead: [SpoolEntry] = []
  /// Refused for what they are, without being opened.
  var refused: [Refusal] = []
  /// Known requests whose file is gone for good, but those that are done: these stay known.
  var removed: [String] = []
  /// Unfinished requests whose folder is gone, unreadable or another one, and that are not held yet.
  var withoutFolder: [String] = []
  /// Held requests whose file is there.
  var present: [String] = []
  /// Seconds until a file will have settled; nil where none is waited for.
  var lookAgain: Double?

  struct Refusal: Equatable {
    let entry: SpoolEntry
    let error: RequestError
  }

  /// How long things have been as they are; kept from look to look.
  struct Memory: Equatable {
    /// The stamp of a file that is waited for, and the uptime at which it was first seen so.
    var unsettled: [String: (stamp: FileStamp, since: Double)] = [:]
    /// The uptime at which a file was first found missing.
    var missing: [String: Double] = [:]

    static func == (left: Self, right: Self) -> Bool {
      left.missing == right.missing && left.unsettled.mapValues(\.stamp) == right.unsettled.mapValues(\.stamp)
    }
  }

  init(
    _ listing: SpoolListing, known: [String: KnownRequest], memory: inout Memory, settle: Double, at now: Moment
  ) {
    let seen = Set(listing.entries.map(\.path))
    memory.unsettled = memory.unsettled.filter { seen.contains($0.key) }
    for entry in listing.entries {
      decide(entry, known: known[entry.path], memory: &memory, settle: settle, at: now)
    }
    for (path, request) in known where !seen.contains(path) && request.state != .done {
      decideMissing(path, request, listing, memory: &memory, settle: settle, at: now)
    }
    memory.missing = memory.missing.filter { known[$0.key] != nil && !seen.contains($0.key) }
    removed.sort()
    withoutFolder.sort()
  }

  private mutating func decide(
    _ entry: SpoolEntry, known: KnownRequest?, memory: inout Memory, settle: Double, at now: Moment
  ) {
    if let known, known.stamp == entry.stamp.description {
      memory.unsettled[entry.path] = nil
      if known.state == .held { present.append(entry.path) }
      return
    }
    if let error = Self.refusal(of: entry) {
      refused.append(Refusal(entry: entry, error: error))
    } else if entry.linkCount > 1 {
      // Made by link(2) from a temporary name: the other name goes in a moment.
      let wait = memory.wait(for: entry, settle: settle, at: now)
      if wait > 0 {
        wakeUp(in: wait)
      } else {
        let message = "has \(entry.linkCount) hard links, must have one; copy the file instead of linking it"
        refused.append(Refusal(entry: entry, error: RequestError(.file, message)))
      }
    } else {
      toRead.append(entry)
    }
  }

  private static func refusal(of entry: SpoolEntry) -> RequestError? {
    if case .refused(let why) = entry.name { return RequestError(.name, why) }
    guard entry.kind == .regular else {
      return RequestError(.file, "is \(entry.kind.article), must be a regular file; copy the request itself here")
    }
    return nil
  }

  private mutating func decideMissing(
    _ path: String, _ request: KnownRequest, _ listing: SpoolListing, memory: inout Memory, settle: Double,
    at now: Moment
  ) {
    let folder = OutputNames(requestPath: path).folder
    guard let identity = listing.folders[folder], identity == FileStamp.parent(in: request.stamp) else {
      memory.missing[path] = nil
      if !request.state.isFinal, request.state != .held { withoutFolder.append(path) }
      return
    }
    let since = memory.missing[path] ?? now.uptime
    memory.missing[path] = since
    let rest = since + settle - now.uptime
    if rest > 0 { wakeUp(in: rest) } else { removed.append(path) }
  }

  mutating func wakeUp(in seconds: Double) { lookAgain = min(lookAgain ?? seconds, seconds) }
}

extension ScanDecision.Memory {
  /// Seconds until a file will have been as it is for `settle`: by its own times, or by what was seen of it.
  mutating func wait(for entry: SpoolEntry, settle: Double, at now: Moment) -> Double {
    if unsettled[entry.path]?.stamp != entry.stamp { unsettled[entry.path] = (entry.stamp, now.uptime) }
    let bySight = (unsettled[entry.path]?.since ?? now.uptime) + settle - now.uptime
    let age = now.wall - Double(max(entry.stamp.modified, entry.stamp.changed)) / 1e9
    // A time in the future says nothing.
    let byTimes = age >= 0 ? settle - age : .infinity
    return max(0, min(bySight, byTimes))
  }
}
