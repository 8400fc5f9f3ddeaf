/// How large a request may be; from the configuration.
package struct RequestLimits: Equatable, Sendable {
  package var json = JSONLimits()
  /// Of a batch.
  package var batchByteCount = 256 << 20
  /// Of a prompt, in bytes of UTF-8.
  package var promptByteCount = 16_384
  /// Of the prompts of all clips of a request, in bytes of UTF-8, before they are filled in.
  package var promptsByteCount = 16 << 20
  /// Of a picture or video that a request names.
  package var conditioningByteCount = 64 << 20
  /// Clips of one request.
  package var clipCount = 10_000

  package init() {}
}
