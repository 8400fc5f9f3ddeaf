import ControlProtocol
import Foundation

/// How accounts read on a terminal.
package enum AccountText {
  /// A line for each account and measure, columns aligned.
  package static func table(_ accounts: [AccountStatus]) -> [String] {
    let periods = ["day", "month", "all"]
    let rows = accounts.flatMap { account -> [[String]] in
      let limited = account.limits.map(\.measure)
      let measures = Set(account.used.values.flatMap(\.keys) + limited).sorted()
      let lines = measures.map { measure in
        periods.map { period in
          let used = shown(account.used[period]?[measure] ?? 0)
          let limit = account.limits.first { $0.measure == measure && $0.period == period }
          return limit.map { "\(used) of \(shown($0.amount))" } ?? used
        } + [account.reserved[measure].map(shown) ?? "0"]
      }
      if lines.isEmpty { return [[account.name, "nothing", "", "", "", ""]] }
      return zip(measures, lines).map { [account.name, $0] + $1 }
    }
    return StatusText.aligned([["ACCOUNT", "SPENT", "TODAY", "THIS MONTH", "IN ALL", "RESERVED"]] + rows)
  }

  private static func shown(_ amount: Double) -> String {
    amount == amount.rounded() ? String(format: "%.0f", amount) : String(format: "%.1f", amount)
  }
}
