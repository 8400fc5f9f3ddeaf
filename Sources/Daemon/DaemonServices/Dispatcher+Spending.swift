import Foundation
import JobModel
import JobStore
import Scheduling

/// Budgets: what begins is reserved, what has ended is settled, what goes on stops at the next unit when the account
/// has nothing left.
extension Dispatcher {
  /// Lets jobs go on that were held for a budget when a new period has begun, or the service, or other limits hold.
  func releaseBudgets() async throws {
    let period = SpendingPeriod.day.start(at: .now)
    guard period != budgetDay else { return }
    budgetDay = period
    let count = try await core.store.releaseAll(reasonPrefix: SpendingLimit.prefix)
    guard count > 0 else { return }
    core.signals.publishing.raise()
    core.signals.status.raise()
    core.logger.info("jobs released: budgets are looked at again", metadata: ["jobs": "\(count)"])
  }

  /// What every account with limits has spent and reserved.
  func readSpending() async throws {
    let limited = core.accounts.current.accounts.filter { !$0.limits.isEmpty }.map(\.name)
    guard !limited.isEmpty else { return }
    spending = try await core.store.spending(at: .now).filter { limited.contains($0.key) }
    if let end = SpendingPeriod.day.end(at: .now) { wake(after: .seconds(max(1, end.timeIntervalSinceNow))) }
  }

  /// Leaves out what its account cannot pay for on any device: held where nothing is left of a limit or too little for
  /// this, waiting where that shows only when what goes on is settled.
  func affordable(_ ready: [Candidate]) async throws -> [Candidate] {
    var held: Set<JobID> = []
    var affordable: [Candidate] = []
    for candidate in ready where !held.contains(candidate.job) {
      let decisions = slots.map { decide(candidate, on: $0.device) }
      if decisions.contains(.allowed) {
        affordable.append(candidate)
      } else if !decisions.contains(.wait), case .exhausted(let limit, let used) = decisions.first {
        let reason = limit.reason(account: candidate.account, used: used, at: .now)
        if used >= limit.amount {
          try await hold(account: candidate.account, reason)
          held.formUnion(ready.filter { $0.account == candidate.account }.map(\.job))
        } else {
          giveWay(Set(try await core.store.hold(candidate.job, reason: reason)))
          core.signals.status.raise()
          core.logger.warning("job held", metadata: ["job": "\(candidate.job)", "reason": "\(reason)"])
          held.insert(candidate.job)
        }
      }
    }
    return affordable.filter { !held.contains($0.job) }
  }

  /// Whether the task's account may pay for it there.
  func decide(_ candidate: Candidate, on device: DaemonConfiguration.Device) -> BudgetDecision {
    let limits = core.accounts.current.limits(of: candidate.account)
    guard !limits.isEmpty else { return .allowed }
    var need: [SpendingMeasure: Double] = [.clips: Double(candidate.newClipCount)]
    need[device.kind.measure] = (candidate.estimate ?? 0) * Double(device.threadCount)
    return limits.filter { need[$0.measure] != nil || $0.measure == .bytes }
      .decide(need, spending[candidate.account] ?? Spending())
  }

  /// Counts what has just been reserved, until the store is asked again.
  func reserve(_ charge: TaskCharge, _ candidate: Candidate) {
    var amounts: [SpendingMeasure: Double] = [.clips: Double(candidate.newClipCount)]
    if let measure = SpendingMeasure(rawValue: charge.measure) { amounts[measure] = charge.estimate }
    for (measure, amount) in amounts {
      spending[candidate.account, default: Spending()].reserved[measure, default: 0] += amount
      for period in SpendingPeriod.allCases {
        spending[candidate.account, default: Spending()].used[period, default: [:]][measure, default: 0] += amount
      }
    }
  }

  private func hold(account: String, _ reason: String) async throws {
    let leases = try await core.store.holdAll(of: account, reason: reason)
    core.logger.warning("account held", metadata: ["account": "\(account)", "reason": "\(reason)"])
    core.signals.status.raise()
    core.signals.drain.raise()
    giveWay(Set(leases))
  }

  /// Stops an account's work at this unit when it has spent its last.
  func enforceBudget(_ index: Int) async throws {
    for account in Set(slots[index].running.values.compactMap(\.measure?.account)) {
      let limits = core.accounts.current.limits(of: account)
      guard !limits.isEmpty, !slots[index].isYielding else { continue }
      let reached = limits.reached(spent: spentNow(account), spending[account] ?? Spending())
      guard let (limit, used) = reached else { continue }
      try await hold(account: account, limit.reason(account: account, used: used, at: .now))
    }
  }

  /// By work that goes on.
  private func spentNow(_ account: String) -> [SpendingMeasure: Double] {
    var spent: [SpendingMeasure: Double] = [:]
    for slot in slots {
      for measure in slot.running.values.compactMap(\.measure) where measure.account == account {
        spent[slot.device.kind.measure, default: 0] += measure.seconds * Double(slot.device.threadCount)
      }
    }
    return spent
  }

  /// What a task is charged that begins on a device with so many others.
  func charge(_ candidate: Candidate, on device: DaemonConfiguration.Device, seatCount: Int) -> TaskCharge {
    let rate = Double(device.threadCount) / Double(seatCount)
    let estimate = candidate.estimate.map { $0 * Double(device.threadCount) } ?? 0
    return TaskCharge(measure: device.kind.measure.rawValue, estimate: estimate, rate: rate)
  }
}

extension DaemonConfiguration.Device.Kind {
  /// What its seconds are counted as.
  var measure: SpendingMeasure {
    switch self {
    case .cpu: .cpuSeconds
    case .gpu: .gpuSeconds
    }
  }
}

extension JobStore {
  /// What each account has spent and reserved.
  func spending(at date: Date) async throws -> [String: Spending] {
    var spending: [String: Spending] = [:]
    for period in SpendingPeriod.allCases {
      for record in try await usage(since: period.start(at: date)) {
        guard let measure = SpendingMeasure(rawValue: record.measure) else { continue }
        spending[record.account, default: Spending()].used[period, default: [:]][measure] = record.amount
      }
    }
    for record in try await reservations() {
      guard let measure = SpendingMeasure(rawValue: record.measure) else { continue }
      spending[record.account, default: Spending()].reserved[measure] = record.amount
    }
    return spending
  }
}
