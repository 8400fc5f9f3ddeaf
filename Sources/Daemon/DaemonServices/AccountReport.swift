import ControlProtocol
import Foundation
import JobStore
import Scheduling

/// What the accounts have spent, for the control interface: those of the configuration, then others that ever had jobs.
struct AccountReport: Sendable {
  let core: ServiceCore

  func accounts() async throws -> [AccountStatus] {
    let spending = try await core.store.spending(at: .now)
    let configured = core.accounts.current.accounts
    let others = spending.keys.filter { name in !configured.contains { $0.name == name } }.sorted()
    return (configured + others.map { AccountRules.Account(name: $0) }).map { account in
      let spent = spending[account.name] ?? Spending()
      return AccountStatus(
        name: account.name, share: account.share,
        limits: account.limits.map {
          .init(measure: $0.measure.rawValue, period: $0.period.rawValue, amount: $0.amount)
        },
        used: Dictionary(uniqueKeysWithValues: spent.used.map { ($0.rawValue, $1.named) }),
        reserved: spent.reserved.named)
    }
  }
}

extension [SpendingMeasure: Double] {
  fileprivate var named: [String: Double] { [String: Double](uniqueKeysWithValues: map { ($0.rawValue, $1) }) }
}
