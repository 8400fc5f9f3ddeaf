import JobModel

/// How an attempt ended: `result.json`, written whole and last. A folder without it was cut short.
package struct AttemptResult: Codable, Equatable, Sendable {
  package var task: String
  package var attempt: Int
  package var outcome: Outcome
  /// The kind of kernels it was computed with: `x86-64-v3`, `baseline`, …
  package var kernels: String
  /// Wall time of the attempt, loading included.
  package var seconds: Double
  /// The step it went on from; nil where it began at the beginning.
  package var resumedFromStep: Int?
  /// What it made: complete only where `outcome` is `done`.
  package var outputs: [OutputFile]
  /// The text that a decode has embedded in its media.
  package var reproducible: String?
  /// Where `outcome` is `failed`.
  package var failure: AttemptFailure?
  /// Where `outcome` is `yielded`: what to go on from; nil where nothing was done yet.
  package var checkpoint: CheckpointReference?

  package enum Outcome: String, Codable, Sendable {
    case done
    /// Asked to give way (`yield`, SIGTERM, input closed): what was done is in the checkpoint.
    case yielded
    case cancelled
    case failed
  }

  package init(
    task: String, attempt: Int, outcome: Outcome, kernels: String, seconds: Double, resumedFromStep: Int? = nil,
    outputs: [OutputFile] = [], reproducible: String? = nil, failure: AttemptFailure? = nil,
    checkpoint: CheckpointReference? = nil
  ) {
    self.task = task
    self.attempt = attempt
    self.outcome = outcome
    self.kernels = kernels
    self.seconds = seconds
    self.resumedFromStep = resumedFromStep
    self.outputs = outputs
    self.reproducible = reproducible
    self.failure = failure
    self.checkpoint = checkpoint
  }

  enum CodingKeys: String, CodingKey {
    case task, attempt, outcome, kernels, seconds, outputs, reproducible, failure, checkpoint
    case resumedFromStep = "resumed_from_step"
  }
}

/// Why an attempt failed.
package struct AttemptFailure: Codable, Equatable, Sendable {
  package var kind: Kind
  /// *What was attempted: what is wrong, found against allowed; what to do next.*
  package var message: String

  /// `request` also where the model cannot do what is asked: the same again would fail again.
  package typealias Kind = TaskFailureKind

  package init(kind: Kind, message: String) {
    self.kind = kind
    self.message = message
  }
}

/// How `walt-worker` ends (sysexits).
package enum WorkerExitCode: Int32, Sendable {
  case done = 0
  /// Permanent: a request that cannot be computed.
  case badInput = 65
  /// Try again: yielded, out of memory, disk full, other kernels.
  case tryAgain = 75
  /// Arguments or files of another version.
  case badConfiguration = 78
}
