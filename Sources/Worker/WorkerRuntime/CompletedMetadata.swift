import JobModel

/// The object `metadata` with what the worker knows, its keys sorted: equal input, equal text.
///
/// - Throws: a failure of kind `request` if `metadata` is no JSON object.
func completedMetadata(
  _ metadata: String, weights: [String: String], kernels: String, software: String
) throws -> String {
  guard let given = try? JSONDocument(parsing: Array(metadata.utf8)).root.value, case .object = given else {
    throw Failure(.request, "embed metadata: \"\(metadata.prefix(80))\" is not a JSON object")
  }
  let digests = JSONValue.object(weights.map { JSONValue.Member($0, .string($1)) })
  return ReproducibleRecord.completed(given, weights: digests, kernels: kernels, software: software).sorted.text()
}
