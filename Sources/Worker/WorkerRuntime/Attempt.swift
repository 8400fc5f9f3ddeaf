import WorkerProtocol

/// One attempt while it is being worked on.
final class Attempt {
  let folder: AttemptFolder
  let task: TaskSpecification
  let journal: AttemptJournal
  let begun: ContinuousClock.Instant
  /// The step that it went on from.
  var resumedFromStep: Int?
  /// The checkpoint of that step, where it was not this attempt that made it.
  var startedFrom: CheckpointReference?
  /// Whether its result is written.
  var hasEnded = false
  /// When the last checkpoint was taken, or else the beginning.
  var lastCheckpoint: ContinuousClock.Instant

  init(_ folder: AttemptFolder, task: TaskSpecification, announce: @escaping @Sendable (WorkerMessage) -> Void) {
    self.folder = folder
    self.task = task
    journal = AttemptJournal(folder, announce: announce)
    begun = .now
    lastCheckpoint = begun
  }
}

extension Duration {
  /// As a fraction.
  var inSeconds: Double { self / .seconds(1) }
}
