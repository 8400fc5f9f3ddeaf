extension Request {
  /// Reads `vary`: an object of lists whose names stand in braces in the prompt; in the order in which they first
  /// appear there, the last of them changing fastest.
  static func variations(_ reader: ObjectReader) throws(RequestError) -> [Variation]? {
    let key = Key.vary.rawValue
    guard let node = reader.node(key) else { return nil }
    guard case .object(let members) = node.content else { throw reader.wrongType(node, key, "an object of lists") }
    let prompt = try reader.string(Key.prompt.rawValue, limit: .max) ?? ""
    var found: [(place: String.Index, variation: Variation)] = []
    for member in members {
      let path = pointer(pointer("", key), member.key)
      guard let place = prompt.firstRange(of: "{\(member.key)}")?.lowerBound else {
        throw reader.document.error(
          .conflict, "the prompt has no {\(member.key)}; add it or remove the list", at: member.keyOffset, path: path)
      }
      let values = try values(of: member, path: path, in: reader.document)
      found.append((place, Variation(name: member.key, values: values)))
    }
    return found.sorted { $0.place < $1.place }.map(\.variation)
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

  /// Every clip's prompt: the product of the lists, the last fastest, and `samples` innermost.
  var prompts: [String?] {
    let lists = vary ?? []
    let choices = lists.reduce([[:]] as [[String: String]]) { choices, variation in
      choices.flatMap { choice in
        variation.values.map { value in choice.merging([variation.name: value]) { $1 } }
      }
    }
    return choices.flatMap { choice in
      Array(repeating: prompt.map { Self.filled($0, with: choice) }, count: samples ?? 1)
    }
  }

  /// Replaces each `{name}` once, from the left: what is put in is not looked at again.
  private static func filled(_ template: String, with choice: [String: String]) -> String {
    var text = ""
    var rest = template[...]
    while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
      let name = String(rest[rest.index(after: open)..<close])
      if let value = choice[name] {
        text += rest[..<open] + value
        rest = rest[rest.index(after: close)...]
      } else {
        text += rest[...open]
        rest = rest[rest.index(after: open)...]
      }
    }
    return text + rest
  }
}
