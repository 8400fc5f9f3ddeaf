/// Wakes one waiter: raised any number of times before it looks, it wakes once.
package struct Signal: Sendable {
  /// For one reader.
  package let raises: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  package init() {
    (raises, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
  }

  package func raise() { continuation.yield() }
}
