/// A document that was read, with the place of every value in its text.
package struct JSONDocument: Sendable {
  package let root: JSONNode
  private let text: JSONText

  init(root: JSONNode, text: JSONText) {
    self.root = root
    self.text = text
  }

  /// Reads a document strictly (RFC 8259): one value and nothing after it, every name once, valid UTF-8.
  ///
  /// - Throws: `RequestError` with the pointer, line and column of the first mistake.
  /// - Complexity: O(bytes); memory is bounded by `limits`.
  package init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(RequestError) {
    let text = JSONText(bytes: bytes)
    var reader = JSONReader(text: text, limits: limits)
    self.init(root: try reader.readDocument(), text: text)
  }

  /// An error at the place of `node`, which `path` points to.
  package func error(_ code: RequestError.Code, _ message: String, at offset: Int, path: String) -> RequestError {
    text.error(code, message, at: offset, path: path)
  }

  /// Where the value that begins at byte `offset` stands.
  package func place(at offset: Int) -> TextPlace { text.place(at: offset) }
}

/// One value and the byte where it begins.
package struct JSONNode: Sendable {
  package indirect enum Content: Sendable {
    case scalar(JSONValue)
    case array([JSONNode])
    case object([Member])
  }

  package struct Member: Sendable {
    package let key: String
    /// The byte where the key begins.
    package let keyOffset: Int
    package let value: JSONNode
  }

  package let content: Content
  package let offset: Int

  /// The value without its places.
  package var value: JSONValue {
    switch content {
    case .scalar(let value): value
    case .array(let nodes): .array(nodes.map(\.value))
    case .object(let members): .object(members.map { JSONValue.Member($0.key, $0.value.value) })
    }
  }
}

/// A place in a text file, as editors count it.
package struct TextPlace: Hashable, Sendable {
  /// From 1.
  package let line: Int
  /// In characters (Unicode scalars), from 1.
  package let column: Int

  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }
}

/// The bytes of a document, and which line and column each lies in.
struct JSONText: Sendable {
  let bytes: [UInt8]

  func error(_ code: RequestError.Code, _ message: String, at offset: Int, path: String) -> RequestError {
    RequestError(code, message, path: path, place: place(at: offset))
  }

  /// - Complexity: O(offset).
  func place(at offset: Int) -> TextPlace {
    let before = bytes.prefix(offset)
    let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    let line = before.reduce(1) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
    // Bytes 10xxxxxx go on with a character that another byte began.
    let column = before[lineStart...].reduce(1) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
    return TextPlace(line: line, column: column)
  }
}

/// A JSON pointer's next part, with `~` and `/` escaped (RFC 6901).
func pointer(_ parent: String, _ part: String) -> String {
  guard part.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else {
    return parent + "/" + part
  }
  let escaped = part.unicodeScalars.map { $0 == "~" ? "~0" : $0 == "/" ? "~1" : String($0) }.joined()
  return parent + "/" + escaped
}
