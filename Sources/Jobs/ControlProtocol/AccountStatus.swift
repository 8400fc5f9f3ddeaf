/// One account and what it has spent: `GET /v1/accounts`.
package struct AccountStatus: Codable, Equatable, Sendable {
  package var name: String
  package var share: Double
  package var limits: [Limit]
  /// By period (`day`, `month`, `all`) and measure, reservations included.
  package var used: [String: [String: Double]]
  /// Of that, what work that goes on has reserved, by measure.
  package var reserved: [String: Double]

  /// So much of a measure in a period.
  package struct Limit: Codable, Equatable, Sendable {
    package var measure: String
    package var period: String
    package var amount: Double

    package init(measure: String, period: String, amount: Double) {
      self.measure = measure
      self.period = period
      self.amount = amount
    }
  }

  package init(
    name: String, share: Double, limits: [Limit], used: [String: [String: Double]], reserved: [String: Double]
  ) {
    self.name = name
    self.share = share
    self.limits = limits
    self.used = used
    self.reserved = reserved
  }
}
