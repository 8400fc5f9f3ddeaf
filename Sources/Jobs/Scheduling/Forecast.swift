import Foundation
import JobModel

/// When jobs will be done: the queue played forward with the scheduler's own order.
package struct Forecast: Sendable {
  /// A job that has work left.
  package struct Work: Equatable, Sendable {
    package let job: JobID
    package let account: String
    package let created: Date
    package let due: Date
    /// Seconds of one device that are left of it; nil where something like it was never measured.
    package let seconds: Double?
    package let isRunning: Bool

    package init(job: JobID, account: String, created: Date, due: Date, seconds: Double?, isRunning: Bool) {
      self.job = job
      self.account = account
      self.created = created
      self.due = due
      self.seconds = seconds
      self.isRunning = isRunning
    }
  }

  /// When each job will be done; those after one that nobody knows the length of are left out.
  ///
  /// - Complexity: O(jobs · accounts).
  package static func finishes(
    _ work: [Work], deviceCount: Int, ageing: Ageing, shares: FairShare, at now: Date
  ) -> [JobID: Date] {
    var free = [Double](repeating: 0, count: max(1, deviceCount))
    var finishes: [JobID: Date] = [:]
    var shares = shares
    func take(_ work: Work) -> Bool {
      guard let seconds = work.seconds, let device = free.indices.min(by: { free[$0] < free[$1] }) else { return false }
      free[device] += seconds
      finishes[work.job] = now.addingTimeInterval(free[device])
      shares.charge(work.account, seconds: seconds)
      shares.serve(work.account, at: now.addingTimeInterval(free[device] - seconds))
      return true
    }
    for running in work.filter(\.isRunning).sorted(by: { ($0.due, $0.job) < ($1.due, $1.job) }) where !take(running) {
      return finishes
    }
    let waiting = work.filter { !$0.isRunning }
    let byJob = Dictionary(waiting.map { ($0.job, $0) }) { first, _ in first }
    var order = QueueOrder(waiting.map(\.candidate), ageing: ageing, at: now)
    while let next = order.first(shares), let work = byJob[next.job], take(work) { order.remove(next) }
    return finishes
  }
}

extension Forecast.Work {
  fileprivate var candidate: Candidate {
    Candidate(
      task: TaskID(job.rawValue), job: job, model: "", stage: .base, shape: "", account: account, created: created,
      due: due, memoryByteCount: 0, seatByteCount: 0)
  }
}
