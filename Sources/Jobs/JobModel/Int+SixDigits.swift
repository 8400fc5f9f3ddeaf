extension Int {
  /// With at least six digits, so that names sort like numbers.
  package var sixDigits: String {
    let digits = String(self)
    return String(repeating: "0", count: Swift.max(0, 6 - digits.count)) + digits
  }
}
