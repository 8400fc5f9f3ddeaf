import JobModel

/// The object `metadata` with further members and the weights' digests, its keys sorted: equal input, equal text.
///
/// - Throws: a failure of kind `request` if `metadata` is no JSON object.
func completedMetadata(
  _ metadata: String, with members: [String: JSONValue], weights: [String: String]
) throws -> String {
  guard case .object(let given) = try? JSONDocument(parsing: Array(metadata.utf8)).root.value else {
    throw Failure(.request, "embed metadata: \"\(metadata.prefix(80))\" is not a JSON object")
  }
  let digests = JSONValue.object(weights.map { JSONValue.Member($0, .string($1)) })
  let added = members.merging(["weights": digests]) { $1 }
  let kept = given.filter { added[$0.key] == nil }
  return JSONValue.object(kept + added.map { JSONValue.Member($0, $1) }).sorted.text()
}
