import Spelling

/// Takes typed values out of one object, each mistake an error at its place.
struct ObjectReader {
  let document: JSONDocument
  /// The JSON pointer of the object.
  let path: String
  let offset: Int
  private let members: [JSONNode.Member]

  init(_ node: JSONNode, path: String, in document: JSONDocument, known: [String], what: String) throws(RequestError) {
    guard case .object(let members) = node.content else {
      throw document.error(
        .type, "\(path.isEmpty ? "the document" : "the value") is \(node.value.kind), must be an object",
        at: node.offset,
        path: path)
    }
    self.document = document
    self.path = path
    self.members = members
    offset = node.offset
    for member in members where !known.contains(member.key) {
      let shown = member.key.count > 64 ? member.key.prefix(64) + "…" : member.key[...]
      let near = nearest(String(shown), among: known)
      let hint = near.map { "did you mean \"\($0)\"?" } ?? "the keys are \(known.joined(separator: ", "))"
      throw document.error(
        .unknownKey, "\"\(shown)\" is no key of \(what); \(hint)", at: member.keyOffset,
        path: pointer(path, member.key))
    }
  }

  func node(_ key: String) -> JSONNode? { members.first { $0.key == key }?.value }

  func place(of key: String) -> TextPlace? { node(key).map { document.place(at: $0.offset) } }

  /// An error at the value of `key`, or at the object where it is not given.
  func error(_ code: RequestError.Code, _ message: String, at key: String? = nil) -> RequestError {
    let place = key.flatMap { node($0)?.offset } ?? offset
    return document.error(code, message, at: place, path: key.map { pointer(path, $0) } ?? path)
  }

  func string(_ key: String, limit: Int) throws(RequestError) -> String? {
    guard let node = node(key) else { return nil }
    guard let text = node.value.stringValue else { throw wrongType(node, key, "a string") }
    if text.utf8.count > limit {
      throw error(.range, "\(key) is \(text.utf8.count) bytes, the most allowed is \(limit); shorten it", at: key)
    }
    return text
  }

  func integer<Value: FixedWidthInteger>(
    _ key: String, _ range: ClosedRange<Value>
  ) throws(RequestError) -> Value? {
    guard let node = node(key) else { return nil }
    return try integer(node, key, path: pointer(path, key), range)
  }

  func real(_ key: String, _ range: ClosedRange<Double>) throws(RequestError) -> Double? {
    guard let node = node(key) else { return nil }
    return try real(node, key, path: pointer(path, key), range)
  }

  func bool(_ key: String) throws(RequestError) -> Bool? {
    guard let node = node(key) else { return nil }
    guard let value = node.value.boolValue else { throw wrongType(node, key, "true or false") }
    return value
  }

  /// One of an enumeration's names.
  func choice<Value: RawRepresentable & CaseIterable>(
    _ key: String, _: Value.Type
  ) throws(RequestError) -> Value? where Value.RawValue == String {
    guard let text = try string(key, limit: .max) else { return nil }
    if let value = Value(rawValue: text) { return value }
    let names = Value.allCases.map(\.rawValue)
    let shown = String(text.prefix(64))
    let hint = nearest(shown, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
    throw error(.range, "\(key) is \"\(shown)\", must be one of \(names.joined(separator: ", "))\(hint)", at: key)
  }

  /// A whole number for all stages, or an array of one for each.
  func perStage(_ key: String, _ range: ClosedRange<Int>) throws(RequestError) -> Request.PerStage<Int>? {
    try perStage(key) { (node, path) throws(RequestError) in try integer(node, key, path: path, range) }
  }

  func perStage(_ key: String, _ range: ClosedRange<Double>) throws(RequestError) -> Request.PerStage<Double>? {
    try perStage(key) { (node, path) throws(RequestError) in try real(node, key, path: path, range) }
  }

  private func perStage<Value>(
    _ key: String, _ read: (JSONNode, String) throws(RequestError) -> Value
  ) throws(RequestError) -> Request.PerStage<Value>? {
    guard let node = node(key) else { return nil }
    let path = pointer(path, key)
    guard case .array(let nodes) = node.content else { return .one(try read(node, path)) }
    guard 1...StageName.allCases.count ~= nodes.count else {
      throw error(.range, "\(key) has \(nodes.count) values, must have one for each stage", at: key)
    }
    var values: [Value] = []
    for (index, node) in nodes.enumerated() { values.append(try read(node, pointer(path, String(index)))) }
    return .each(values)
  }

  private func integer<Value: FixedWidthInteger>(
    _ node: JSONNode, _ key: String, path: String, _ range: ClosedRange<Value>
  ) throws(RequestError) -> Value {
    guard case .scalar(.number(let text)) = node.content else { throw wrongType(node, key, "a whole number", path) }
    guard let value = node.value.integerValue.flatMap({ Value(exactly: $0) }), range.contains(value) else {
      throw document.error(
        .range, "\(key) is \(text), must be a whole number \(range.lowerBound)…\(range.upperBound)", at: node.offset,
        path: path)
    }
    return value
  }

  private func real(
    _ node: JSONNode, _ key: String, path: String, _ range: ClosedRange<Double>
  ) throws(RequestError) -> Double {
    guard case .scalar(.number(let text)) = node.content else { throw wrongType(node, key, "a number", path) }
    guard let value = node.value.doubleValue, range.contains(value) else {
      throw document.error(
        .range, "\(key) is \(text), must be a number \(Self.shown(range.lowerBound))…\(Self.shown(range.upperBound))",
        at: node.offset, path: path)
    }
    return value
  }

  func wrongType(_ node: JSONNode, _ key: String, _ wanted: String, _ path: String? = nil) -> RequestError {
    document.error(
      .type, "\(key) is \(node.value.kind), must be \(wanted)", at: node.offset, path: path ?? pointer(self.path, key))
  }

  private static func shown(_ value: Double) -> String { JSONValue.real(value).text() }
}
