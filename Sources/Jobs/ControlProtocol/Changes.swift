import JobModel

/// The answer to a change of a job: `POST /v1/jobs/ID/cancel` and its like.
package struct JobChange: Codable, Equatable, Sendable {
  package var id: JobID
  /// The state after the change.
  package var state: JobState

  package init(id: JobID, state: JobState) {
    self.id = id
    self.state = state
  }
}

/// The body of `POST /v1/jobs/ID/priority`.
package struct PriorityChange: Codable, Equatable, Sendable {
  /// 0…100; the higher goes first.
  package var priority: Int

  package init(priority: Int) { self.priority = priority }
}

/// The answer to `POST /v1/drain` and `POST /v1/resume`.
package struct ServiceChange: Codable, Equatable, Sendable {
  /// What keeps all jobs from running; nil: nothing.
  package var paused: String?

  package init(paused: String?) { self.paused = paused }
}

/// The answer to `POST /v1/jobs`: where the request was put.
package struct Submission: Codable, Equatable, Sendable {
  /// Relative to the spool.
  package var request: String

  package init(request: String) { self.request = request }
}
