import Foundation

/// What accounts pay with.
package enum SpendingMeasure: String, CaseIterable, Codable, Sendable {
  /// Seconds of one thread.
  case cpuSeconds = "cpu_seconds"
  case gpuSeconds = "gpu_seconds"
  case clips
  /// Of published files.
  case bytes
}

/// Over which time spending is counted, by the calendar of UTC.
package enum SpendingPeriod: String, CaseIterable, Codable, Sendable {
  case day
  case month
  case all

  /// When the period began that `date` lies in; nil where it has no beginning.
  package func start(at date: Date) -> Date? {
    switch self {
    case .day: Self.calendar.dateInterval(of: .day, for: date)?.start
    case .month: Self.calendar.dateInterval(of: .month, for: date)?.start
    case .all: nil
    }
  }

  /// When the next one begins.
  package func end(at date: Date) -> Date? {
    switch self {
    case .day: Self.calendar.dateInterval(of: .day, for: date)?.end
    case .month: Self.calendar.dateInterval(of: .month, for: date)?.end
    case .all: nil
    }
  }

  /// For messages: `today`.
  package var words: String {
    switch self {
    case .day: "today"
    case .month: "this month"
    case .all: "in all"
    }
  }

  private static let calendar: Calendar = {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = .gmt
    return calendar
  }()
}

/// So much in a period, no more.
package struct SpendingLimit: Hashable, Sendable {
  package let measure: SpendingMeasure
  package let period: SpendingPeriod
  package let amount: Double

  package init(measure: SpendingMeasure, period: SpendingPeriod, amount: Double) {
    self.measure = measure
    self.period = period
    self.amount = amount
  }
}

/// What an account has spent, and what it has reserved of that for work that goes on.
package struct Spending: Equatable, Sendable {
  /// Reservations included.
  package var used: [SpendingPeriod: [SpendingMeasure: Double]]
  package var reserved: [SpendingMeasure: Double]

  package init(used: [SpendingPeriod: [SpendingMeasure: Double]] = [:], reserved: [SpendingMeasure: Double] = [:]) {
    self.used = used
    self.reserved = reserved
  }

  package func used(_ measure: SpendingMeasure, _ period: SpendingPeriod) -> Double { used[period]?[measure] ?? 0 }

  /// Without what is only reserved.
  package func settled(_ measure: SpendingMeasure, _ period: SpendingPeriod) -> Double {
    used(measure, period) - (reserved[measure] ?? 0)
  }
}

/// Whether an account may begin something.
package enum BudgetDecision: Equatable, Sendable {
  case allowed
  /// Not before what goes on has been settled.
  case wait
  /// There is not enough left of this.
  case exhausted(SpendingLimit, used: Double)
}

extension [SpendingLimit] {
  /// - Parameter need: what the work is thought to cost.
  package func decide(_ need: [SpendingMeasure: Double], _ spending: Spending) -> BudgetDecision {
    var decision = BudgetDecision.allowed
    for limit in self {
      let (used, settled) = (
        spending.used(limit.measure, limit.period), spending.settled(limit.measure, limit.period)
      )
      let needed = need[limit.measure] ?? 0
      if settled >= limit.amount || settled + needed > limit.amount { return .exhausted(limit, used: settled) }
      if used + needed > limit.amount { decision = .wait }
    }
    return decision
  }

  /// The first limit that running work has reached.
  ///
  /// - Parameter spent: by work that goes on, so far.
  package func reached(spent: [SpendingMeasure: Double], _ spending: Spending) -> (SpendingLimit, used: Double)? {
    for limit in self {
      let used = spending.settled(limit.measure, limit.period) + (spent[limit.measure] ?? 0)
      if used >= limit.amount, (spent[limit.measure] ?? 0) > 0 { return (limit, used) }
    }
    return nil
  }
}

extension SpendingLimit {
  /// Why a job is held: what was used of what, and what would let it go on.
  package func reason(account: String, used: Double, at date: Date) -> String {
    let found = "\(Self.shown(used)) of \(Self.shown(amount)) \(measure.rawValue) \(period.words)"
    let next = period.end(at: date).map { "goes on at \($0.formatted(.iso8601))" } ?? "does not go on by itself"
    return "\(Self.prefix)account \"\(account)\" has used \(found); \(next), or raise the limit and reload waltd"
  }

  /// Of the reasons of jobs that are held for their account's budget.
  package static let prefix = "budget: "

  private static func shown(_ amount: Double) -> String {
    amount == amount.rounded() ? String(format: "%.0f", amount) : String(format: "%.1f", amount)
  }
}
