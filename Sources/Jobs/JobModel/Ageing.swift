import Foundation

/// How waiting and deadlines stand against priority: each point of priority is worth so many seconds.
///
/// A job is *due* when it has waited the points that are missing from its priority to 100, or at its deadline where that
/// is earlier. Within an account the earliest due goes first: a job is overtaken only by jobs that come less than
/// (their priority − its own) points of waiting after it.
package struct Ageing: Equatable, Sendable {
  package let secondsPerPoint: Double

  package init(secondsPerPoint: Double = 600) {
    precondition(secondsPerPoint > 0, "a point of priority is worth \(secondsPerPoint) s, must be more than 0")
    self.secondsPerPoint = secondsPerPoint
  }

  package func due(created: Date, priority: Int, deadline: Date?) -> Date {
    let byWaiting = created.addingTimeInterval(Double(100 - priority) * secondsPerPoint)
    // No deadline makes a job more urgent than priority 100 does.
    return deadline.map { max(created, min($0, byWaiting)) } ?? byWaiting
  }

  /// The priority that a job had when it was created, its deadline taken into account.
  private func urgency(created: Date, due: Date) -> Double {
    100 - due.timeIntervalSince(created) / secondsPerPoint
  }

  /// Whole points of urgency, once so many seconds have been waited. Dates are sums: what is less than a point by their
  /// rounding is one.
  package func level(created: Date, due: Date, waited: Double = 0) -> Int {
    Int((urgency(created: created, due: due) + waited / secondsPerPoint + 1e-6).rounded(.down))
  }
}
