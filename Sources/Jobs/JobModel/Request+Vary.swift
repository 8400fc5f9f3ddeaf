extension Request {
  /// Lists that one request may vary.
  static let variationLimit = 32

  /// Reads `vary`: an object of lists whose names stand in braces in the prompt; in the order in which they first
  /// appear there, the last of them changing fastest.
  static func variations(_ reader: ObjectReader, _ limits: RequestLimits) throws(RequestError) -> [Variation]? {
    let key = Key.vary.rawValue
    guard let node = reader.node(key) else { return nil }
    guard case .object(let members) = node.content else { throw reader.wrongType(node, key, "an object of lists") }
    if members.count > variationLimit {
      throw reader.error(.range, "vary has \(members.count) lists, the most allowed is \(variationLimit)", at: key)
    }
    let prompt = try reader.string(Key.prompt.rawValue, limit: limits.promptByteCount) ?? ""
    let template = PromptTemplate(prompt, names: Set(members.map(\.key)))
    var lists: [String: [String]] = [:]
    for member in members {
      let path = pointer(pointer("", key), member.key)
      guard template.names.contains(member.key) else {
        throw reader.document.error(
          .conflict, "the prompt has no {\(member.key)}; add it or remove the list", at: member.keyOffset, path: path)
      }
      lists[member.key] = try values(of: member, path: path, in: reader.document)
    }
    try checkLength(template, lists, reader, limits)
    return template.names.map { Variation(name: $0, values: lists[$0] ?? []) }
  }

  private static func values(
    of member: JSONNode.Member, path: String, in document: JSONDocument
  ) throws(RequestError) -> [String] {
    guard case .array(let nodes) = member.value.content, !nodes.isEmpty else {
      throw document.error(
        .type, "\(member.key) must be a list of at least one text", at: member.value.offset, path: path)
    }
    var values: [String] = []
    for (index, node) in nodes.enumerated() {
      switch node.content {
      case .scalar(.string(let text)), .scalar(.number(let text)): values.append(text)
      default:
        throw document.error(
          .type, "\(node.value.kind), must be a text or a number", at: node.offset, path: pointer(path, String(index)))
      }
    }
    return values
  }

  /// The longest prompt that the lists make must be one that might have been written out.
  private static func checkLength(
    _ template: PromptTemplate, _ lists: [String: [String]], _ reader: ObjectReader, _ limits: RequestLimits
  ) throws(RequestError) {
    let longest = lists.mapValues { values in values.max { $0.utf8.count < $1.utf8.count } ?? "" }
    let byteCount = template.filled(with: longest).utf8.count
    if byteCount > limits.promptByteCount {
      throw reader.error(
        .range, "the longest prompt is \(byteCount) bytes, the most allowed is \(limits.promptByteCount); shorten it",
        at: Key.vary.rawValue)
    }
  }

  /// Every clip's prompt: the product of the lists, the last fastest, and `samples` innermost.
  var prompts: [String?] {
    let lists = vary ?? []
    let choices = lists.reduce([[:]] as [[String: String]]) { choices, variation in
      choices.flatMap { choice in
        variation.values.map { value in choice.merging([variation.name: value]) { $1 } }
      }
    }
    let template = prompt.map { PromptTemplate($0, names: Set(lists.map(\.name))) }
    return choices.flatMap { choice in
      Array(repeating: template?.filled(with: choice), count: samples ?? 1)
    }
  }
}
