import JobModel

/// What follows a failed attempt.
package struct RetryPolicy: Equatable, Sendable {
  package enum Decision: Equatable, Sendable {
    /// Try again after this much time, from the last checkpoint.
    case retry(after: Duration)
    /// The task has failed, and its job with it.
    case giveUp
  }

  /// Attempts that may fail before the task is given up.
  package let attempts: Int
  /// The wait after the first failure; each further one doubles it.
  package let firstDelay: Duration
  package let longestDelay: Duration

  package init(attempts: Int = 3, firstDelay: Duration = .seconds(5), longestDelay: Duration = .seconds(600)) {
    precondition(attempts > 0, "a task needs an attempt, not \(attempts)")
    self.attempts = attempts
    self.firstDelay = firstDelay
    self.longestDelay = longestDelay
  }

  /// - Parameters:
  ///   - failures: attempts that failed before this one.
  ///   - isShared: whether a batch mate may be at fault: then the task is not given up before it has run alone.
  package func decide(_ kind: TaskFailureKind, failures: Int, isShared: Bool = false) -> Decision {
    if isShared { return .retry(after: pause(failures: failures + 1)) }
    if kind == .request || failures + 1 >= attempts { return .giveUp }
    return .retry(after: pause(failures: failures + 1))
  }

  /// The wait after so many failures in a row, from 1.
  package func pause(failures: Int) -> Duration {
    precondition(failures > 0, "a pause follows a failure, not \(failures)")
    return min(firstDelay * (1 << min(failures - 1, 20)), longestDelay)
  }

  /// Whether a task must run without batch mates: it killed its worker twice, or once and this attempt is its last.
  package func runsAlone(kills: Int, failures: Int) -> Bool { kills >= 2 || (kills > 0 && failures + 1 >= attempts) }
}
