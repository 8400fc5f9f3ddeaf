import Foundation
import JobModel
import Scheduling
import Settings

/// Who may spend how much from what.
package struct AccountRules: Equatable, Sendable {
  package struct Account: Equatable, Sendable {
    package var name: String
    /// Numbers of the users who may choose it; nil: everybody.
    package var users: Set<Int>?
    /// Of the devices, against others' shares.
    package var share = 1.0
    package var limits: [SpendingLimit] = []

    func admits(_ user: Int) -> Bool { users?.contains(user) ?? true }
  }

  package var accounts: [Account]

  /// - Parameter accounts: `default` is added where it is not among them.
  package init(_ accounts: [Account] = []) {
    let hasDefault = accounts.contains { $0.name == ResolvedRequest.defaultAccount }
    self.accounts = accounts + (hasDefault ? [] : [Account(name: ResolvedRequest.defaultAccount)])
  }

  package func limits(of name: String) -> [SpendingLimit] { accounts.first { $0.name == name }?.limits ?? [] }

  package var shares: [String: Double] {
    Dictionary(accounts.map { ($0.name, $0.share) }) { first, _ in first }
  }

  /// Who pays for a request: the account that it names; else the first folder below the spool where that is one, else
  /// `default`.
  ///
  /// - Parameters:
  ///   - path: of the request, relative to the spool.
  ///   - owner: of the file; what the request says of its user counts for nothing.
  /// - Throws: `accountForbidden` where the owner may not choose it.
  package func account(of request: Request?, path: String, owner: Int) throws(RequestError) -> String {
    let allowed = accounts.filter { $0.admits(owner) }.map(\.name)
    if let named = request?.account {
      if allowed.contains(named) { return named }
      let choices = allowed.isEmpty ? "none" : allowed.joined(separator: ", ")
      let message = "account is \"\(named)\", the file's owner (user \(owner)) may choose: \(choices)"
      throw request?.error(.accountForbidden, message, at: .account) ?? RequestError(.accountForbidden, message)
    }
    let folder = path.split(separator: "/").dropLast().first.map(String.init)
    if let folder, allowed.contains(folder) { return folder }
    if allowed.contains(ResolvedRequest.defaultAccount) { return ResolvedRequest.defaultAccount }
    guard let only = allowed.first, allowed.count == 1 else {
      let choices =
        allowed.isEmpty ? "the configuration allows none" : "set account to \(allowed.joined(separator: " or "))"
      throw RequestError(
        .accountForbidden, "the file's owner (user \(owner)) may not use the default account; \(choices)")
    }
    return only
  }
}

extension AccountRules {
  /// Reads the `[[account]]` tables of a configuration.
  init(_ table: SettingsTable) throws {
    let accounts = try table.tables("account").map(Account.init)
    try DaemonConfiguration.refuseTwins(table, "account", accounts.map(\.name))
    self.init(accounts)
  }
}

extension AccountRules.Account {
  init(_ table: SettingsTable) throws {
    name = try table.required("name")
    guard 1...64 ~= name.utf8.count else {
      throw table.error(.range, "name", "name is \(name.utf8.count) bytes, allowed: 1 to 64", hint: "rename it")
    }
    let users: [String]? = try table.optional("users")
    self.users = try users.map { names in Set(try names.map { try Self.number(of: $0, table) }) }
    share = try table.value("share", default: 1, in: 0.001...1_000_000)
    limits = try SpendingPeriod.allCases.flatMap { period -> [SpendingLimit] in
      guard let limits = try table.table(period.key) else { return [] }
      return try SpendingMeasure.allCases.compactMap { measure in
        let amount: Double? = try limits.optional(measure.rawValue)
        if let amount, amount < 0 {
          throw limits.error(.range, measure.rawValue, "it is \(amount), must not be negative", hint: "raise it")
        }
        return amount.map { SpendingLimit(measure: measure, period: period, amount: $0) }
      }
    }
  }

  /// A user's number, by number or name.
  private static func number(of user: String, _ table: SettingsTable) throws -> Int {
    if let number = Int(user) { return number }
    guard let entry = getpwnam(user) else {
      throw table.error(.range, "users", "there is no user \"\(user)\"", hint: "use a name or number that exists here")
    }
    return Int(entry.pointee.pw_uid)
  }
}

extension SpendingPeriod {
  /// In the configuration.
  fileprivate var key: String {
    switch self {
    case .day: "per_day"
    case .month: "per_month"
    case .all: "in_all"
    }
  }
}
