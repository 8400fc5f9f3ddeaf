import Foundation
import JobModel

/// The order in which tasks are considered. This is the one place that decides who goes first.
///
/// Within an account: the job that is due first (`Ageing`), then the earlier one, then the task's place in it. Between
/// accounts: the one whose first job is more urgent by a whole point, then the one that has had least of its share, then
/// the one whose job came first. An account's jobs gain urgency while it is given nothing, so with a first job of
/// priority p it is given a device after (101 − p) points of waiting and the tasks then running, whatever others do.
package struct QueueOrder: Sendable {
  private let ageing: Ageing
  private let now: Date
  /// By account, the next one last.
  private var queues: [String: [Candidate]]

  package init(_ candidates: [Candidate], ageing: Ageing, at now: Date) {
    self.ageing = ageing
    self.now = now
    queues = Dictionary(grouping: candidates, by: \.account).mapValues { queue in
      queue.sorted { ($0.due, $0.job, $0.task) > ($1.due, $1.job, $1.task) }
    }
  }

  /// The task that is next by the accounts' present standings; nil where none is left.
  ///
  /// - Complexity: O(accounts).
  package func first(_ shares: FairShare) -> Candidate? {
    queues.values.compactMap(\.last).min { isBefore($0, $1, shares) }
  }

  /// Takes a task out, wherever it stands.
  package mutating func remove(_ candidate: Candidate) {
    guard let index = queues[candidate.account]?.lastIndex(where: { $0.task == candidate.task }) else { return }
    queues[candidate.account]?.remove(at: index)
  }

  /// The first task that can share passes with `leader`, in the order of the accounts.
  func firstLike(_ leader: Candidate, _ shares: FairShare) -> Candidate? {
    queues.values.compactMap { queue in queue.last { $0.isLike(leader) } }.min { isBefore($0, $1, shares) }
  }

  /// Whole points of urgency, waiting included.
  func level(_ candidate: Candidate, _ shares: FairShare) -> Int {
    let begun = max(candidate.created, shares.served(candidate.account) ?? candidate.created)
    return ageing.level(
      created: candidate.created, due: candidate.due, waited: max(0, now.timeIntervalSince(begun)))
  }

  private func isBefore(_ left: Candidate, _ right: Candidate, _ shares: FairShare) -> Bool {
    let levels = (level(left, shares), level(right, shares))
    if levels.0 != levels.1 { return levels.0 > levels.1 }
    let used = (shares.used(left.account), shares.used(right.account))
    if used.0 != used.1 { return used.0 < used.1 }
    return (left.due, left.job, left.task) < (right.due, right.job, right.task)
  }
}
