import JobModel

/// The order in which tasks are considered: priority, then arrival of their jobs, then their place in the job.
///
/// This is the one place that decides who goes first.
package struct QueueOrder: Sendable {
  package init() {}

  /// - Complexity: O(n log n).
  package func sorted(_ candidates: [Candidate]) -> [Candidate] {
    candidates.sorted { left, right in
      (-left.priority, left.job, left.task) < (-right.priority, right.job, right.task)
    }
  }
}
