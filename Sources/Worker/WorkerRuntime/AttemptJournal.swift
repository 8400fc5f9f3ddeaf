import Dispatch
import DurableFiles
import Foundation
import Synchronization
import WorkerProtocol

/// Writes what happens during one attempt: its events and checkpoints, in order, while the next unit computes.
///
/// A checkpoint is written, synced and renamed before its event is. The newest two are kept.
final class AttemptJournal: Sendable {
  let folder: AttemptFolder
  private let queue: DispatchQueue
  private let announce: @Sendable (WorkerMessage) -> Void
  private let state = Mutex(State())

  private struct State {
    var log: AppendLog?
    var checkpoints: [CheckpointReference] = []
    var failure: (any Error)?
  }

  /// - Parameter announce: also told of every event, once it is in the file.
  init(_ folder: AttemptFolder, announce: @escaping @Sendable (WorkerMessage) -> Void) {
    self.folder = folder
    self.announce = announce
    queue = DispatchQueue(label: "walt.journal")
  }

  /// Adds an event to `events.jsonl`.
  func record(_ event: AttemptEvent) {
    queue.async { self.attempt { try self.append(event, durably: false) } }
  }

  /// Writes a checkpoint and then its event.
  ///
  /// - Parameter content: makes the file's bytes; called on the journal's own queue.
  func checkpoint(step: Int, content: @escaping @Sendable () throws -> Data) {
    queue.async { self.attempt { try self.write(content(), step: step) } }
  }

  /// Waits until all is written.
  ///
  /// - Returns: the newest checkpoint.
  /// - Throws: what went wrong first.
  @discardableResult
  func finish() throws -> CheckpointReference? {
    try queue.sync {
      try state.withLock { state in
        if let failure = state.failure { throw failure }
        return state.checkpoints.last
      }
    }
  }

  /// Throws what has gone wrong so far, without waiting.
  func check() throws {
    try state.withLock { if let failure = $0.failure { throw failure } }
  }

  /// After the first failure nothing more is written.
  private func attempt(_ body: () throws -> Void) {
    guard state.withLock({ $0.failure == nil }) else { return }
    do {
      try body()
    } catch {
      state.withLock { $0.failure = error }
    }
  }

  private func append(_ event: AttemptEvent, durably: Bool) throws {
    let line = try ProtocolCoding.line(event)
    try state.withLock { state in
      let log = try state.log ?? AppendLog(folder.eventsFile)
      state.log = log
      try log.append(line, durably: durably)
    }
    announce(.event(folder, event))
  }

  private func write(_ content: Data, step: Int) throws {
    let name = AttemptFolder.checkpointName(step: step)
    try DurableFile.replace(folder.resolve(name), with: content)
    let reference = CheckpointReference(
      file: FileReference(path: name, sha256: sha256(of: content)), step: step)
    try append(.checkpoint(reference), durably: true)
    let outdated = state.withLock { state -> [CheckpointReference] in
      state.checkpoints.append(reference)
      let outdated = Array(state.checkpoints.dropLast(2))
      state.checkpoints.removeFirst(outdated.count)
      return outdated
    }
    for checkpoint in outdated { try DurableFile.remove(folder.resolve(checkpoint.file.path)) }
  }
}
