import Dispatch
import DurableFiles
import Foundation
import Logging
import Synchronization

/// Wakes whoever looks at the spool when something may have changed (inotify). It never says what: the look is the
/// truth, and a lost event costs only the time to the next one.
package final class SpoolWatcher: Sendable {
  package enum Mode: String, CaseIterable, Sendable {
    case inotify
    /// Only the regular looks: for network file systems, whose changes elsewhere raise no event here.
    case poll
  }

  /// One element for each burst of events; looks that are slower than the events find one waiting, not many.
  package let wakeUps: AsyncStream<Void>
  /// Poll where inotify was asked for and cannot see the changes, or cannot be had.
  package let mode: Mode
  private let root: String
  private let continuation: AsyncStream<Void>.Continuation
  private let logger: Logger
  private let state: Mutex<State>
  // Cancelling is all that is done with it, from any thread.
  private nonisolated(unsafe) let source: (any DispatchSourceRead)?

  private struct State {
    /// −1 in poll mode.
    var descriptor: Int32 = -1
    /// Watches by folder, relative to the spool.
    var watches: [String: Int32] = [:]
    var hasWarned = false
  }

  /// - Parameter root: the spool's path.
  package init(root: String, mode: Mode, logger: Logger) {
    self.root = root
    self.logger = logger
    (wakeUps, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    let isBlind = (try? Folder(root).hidesRemoteChanges()) ?? false
    let descriptor = mode == .poll || isBlind ? -1 : inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
    self.mode = descriptor < 0 ? .poll : .inotify
    state = Mutex(State(descriptor: descriptor))
    if mode == .inotify, descriptor < 0 {
      logger.warning("spool is polled", metadata: ["reason": isBlind ? "network file system" : "no inotify"])
    }
    guard descriptor >= 0 else {
      source = nil
      return
    }
    let source = DispatchSource.makeReadSource(
      fileDescriptor: descriptor, queue: DispatchQueue(label: "walt.spool.watch"))
    source.setEventHandler { [continuation] in
      if Self.drain(descriptor) { continuation.yield() }
    }
    source.setCancelHandler { close(descriptor) }
    self.source = source
    source.resume()
  }

  deinit { stop() }

  /// Ends the stream of wake-ups.
  package func stop() {
    continuation.finish()
    state.withLock { $0.descriptor = -1 }
    source?.cancel()
  }

  /// Watches exactly these folders, relative to the spool.
  ///
  /// - Returns: whether a watch is new: what came into that folder before it raised no event, so look again.
  package func watch(_ folders: [String]) -> Bool {
    state.withLock { state in
      guard state.descriptor >= 0 else { return false }
      for (folder, watch) in state.watches where !folders.contains(folder) {
        inotify_rm_watch(state.descriptor, watch)
        state.watches[folder] = nil
      }
      var isNew = false
      for folder in folders {
        let path = folder == "." ? root : root + "/" + folder
        let watch = inotify_add_watch(state.descriptor, path, Self.mask)
        if watch < 0 {
          warn(&state, path)
        } else if let previous = state.watches.updateValue(watch, forKey: folder) {
          // Another folder has the path now.
          if previous != watch { inotify_rm_watch(state.descriptor, previous) }
          isNew = isNew || previous != watch
        } else {
          isNew = true
        }
      }
      return isNew
    }
  }

  private func warn(_ state: inout State, _ path: String) {
    let error = FileSystemError("watch", path)
    guard !state.hasWarned, !error.isNotFound else { return }
    state.hasWarned = true
    logger.warning("folder is not watched", metadata: ["error": "\(error)", "hint": "raise max_user_watches"])
  }

  /// Reads all waiting events; whether one of them can concern a request.
  private static func drain(_ descriptor: Int32) -> Bool {
    var isRelevant = false
    let size = 1 << 16
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
    defer { buffer.deallocate() }
    while true {
      let count = read(descriptor, buffer.baseAddress, size)
      guard count > 0 else { return isRelevant }
      var offset = 0
      let header = MemoryLayout<inotify_event>.size
      while offset + header <= count {
        let event = buffer.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
        let name = buffer[(offset + header)..<(offset + header + Int(event.len))].prefix { $0 != 0 }
        isRelevant = isRelevant || concernsRequest(event.mask, String(decoding: name, as: UTF8.self))
        offset += header + Int(event.len)
      }
    }
  }

  /// Events of folders and of the watch itself always do; of files, those whose names may be requests.
  private static func concernsRequest(_ mask: UInt32, _ name: String) -> Bool {
    if name.isEmpty || mask & UInt32(IN_Q_OVERFLOW) != 0 { return true }
    if mask & UInt32(IN_ISDIR) != 0 { return !name.hasPrefix(".") }
    return RequestName(name) != .other
  }

  private static let mask =
    UInt32(IN_CLOSE_WRITE) | UInt32(IN_MOVED_TO) | UInt32(IN_MOVED_FROM) | UInt32(IN_CREATE) | UInt32(IN_DELETE)
    | UInt32(IN_ATTRIB) | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF) | UInt32(IN_ONLYDIR)
}
