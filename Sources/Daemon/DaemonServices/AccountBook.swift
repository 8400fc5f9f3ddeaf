import Settings
import Synchronization

/// The rules for accounts that hold now: those of the configuration, read again when the service is reloaded.
package final class AccountBook: Sendable {
  private let rules: Mutex<AccountRules>
  /// The configuration that they come from; nil: they never change.
  private let file: String?

  package init(_ configuration: DaemonConfiguration) {
    rules = Mutex(configuration.accounts)
    file = configuration.file
  }

  package var current: AccountRules { rules.withLock { $0 } }

  /// - Throws: `SettingsError`; the rules are as they were then.
  package func reload() throws {
    guard let file else { return }
    let new = try SettingsTable.read(file: file) { table in
      table.ignoreOthers()
      return try AccountRules(table)
    }
    rules.withLock { $0 = new }
  }
}
