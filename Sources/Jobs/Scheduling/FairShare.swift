import Foundation

/// How much each account has had, measured so that those with work waiting can be compared: seconds of devices, divided
/// by the account's share. The one with the least is next.
///
/// An account that comes back after a pause begins where the one that has had least stands: it neither saves up what it
/// did not use nor pays for what others did not want.
package struct FairShare: Equatable, Sendable {
  struct Standing: Equatable, Sendable {
    var used = 0.0
    /// When it was last given a device.
    var served: Date?
  }

  private(set) var standings: [String: Standing] = [:]
  private var active: Set<String> = []
  private var shares: [String: Double]

  /// - Parameter shares: of accounts whose share is not 1.
  package init(shares: [String: Double] = [:]) { self.shares = shares }

  /// What was had so far counts as it was.
  package mutating func change(_ shares: [String: Double]) { self.shares = shares }

  /// Says which accounts have work, waiting or running, and which of these have a device now.
  package mutating func update(active now: Set<String>, serving: Set<String>, at date: Date) {
    let least = active.intersection(now).compactMap { standings[$0]?.used }.min() ?? 0
    for account in now.subtracting(active) {
      standings[account, default: Standing()].used = max(standings[account]?.used ?? 0, least)
    }
    for account in serving { standings[account, default: Standing()].served = date }
    active = now
  }

  /// Charges seconds of a device: an estimate first, then what it is off by.
  package mutating func charge(_ account: String, seconds: Double) {
    standings[account, default: Standing()].used += seconds / (shares[account] ?? 1)
  }

  mutating func serve(_ account: String, at date: Date) { standings[account, default: Standing()].served = date }

  func used(_ account: String) -> Double { standings[account]?.used ?? 0 }
  func served(_ account: String) -> Date? { standings[account]?.served }
}
