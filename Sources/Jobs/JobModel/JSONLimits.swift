/// How much one document may hold; hostile input stops here.
package struct JSONLimits: Equatable, Sendable {
  package var byteCount: Int
  /// Objects and arrays inside each other.
  package var depth: Int
  /// Values of all kinds, together.
  package var valueCount: Int

  package init(byteCount: Int = 1 << 20, depth: Int = 32, valueCount: Int = 20_000) {
    self.byteCount = byteCount
    self.depth = depth
    self.valueCount = valueCount
  }
}
