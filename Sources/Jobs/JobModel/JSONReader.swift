/// Reads one document from its bytes, refusing at the first byte that does not belong.
struct JSONReader {
  private let text: JSONText
  private let limits: JSONLimits
  private var place = 0
  private var valueCount = 0
  /// The parts of the pointer to the value being read.
  private var path: [String] = []

  init(text: JSONText, limits: JSONLimits) {
    self.text = text
    self.limits = limits
  }

  mutating func readDocument() throws(RequestError) -> JSONNode {
    if text.bytes.count > limits.byteCount {
      let found = "is \(text.bytes.count) bytes, the most allowed is \(limits.byteCount)"
      throw text.error(.tooLarge, "the document \(found); split it or shorten it", at: 0, path: "")
    }
    if text.bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      throw error(.syntax, "begins with a byte order mark; save the file as UTF-8 without one")
    }
    if let offset = text.bytes.firstInvalidUTF8 {
      throw error(.encoding, "is not UTF-8 here; save the file as UTF-8", at: offset)
    }
    skipSpace()
    if place == text.bytes.count { throw error(.syntax, "is empty; write a JSON object like {\"prompt\": \"…\"}") }
    let root = try readValue()
    skipSpace()
    if place < text.bytes.count { throw error(.syntax, "goes on after the end of the JSON value; remove what follows") }
    return root
  }

  // MARK: Values

  private mutating func readValue() throws(RequestError) -> JSONNode {
    let offset = place
    valueCount += 1
    if valueCount > limits.valueCount {
      throw error(.tooLarge, "holds more than \(limits.valueCount) values, the most allowed; split the request")
    }
    guard let byte = peek() else { throw error(.syntax, "ends where a value must stand; complete it") }
    let content: JSONNode.Content
    switch byte {
    case UInt8(ascii: "{"): content = .object(try readObject())
    case UInt8(ascii: "["): content = .array(try readArray())
    case UInt8(ascii: "\""): content = .scalar(.string(try readString()))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): content = .scalar(.number(try readNumber()))
    case UInt8(ascii: "t"): content = .scalar(try readWord("true", .bool(true)))
    case UInt8(ascii: "f"): content = .scalar(try readWord("false", .bool(false)))
    case UInt8(ascii: "n"): content = .scalar(try readWord("null", .null))
    default: throw error(.syntax, "\(shown(byte)) begins no JSON value; names and text stand in double quotes")
    }
    return JSONNode(content: content, offset: offset)
  }

  private mutating func readObject() throws(RequestError) -> [JSONNode.Member] {
    try enter()
    var members: [JSONNode.Member] = []
    var keys: Set<String> = []
    if try close(with: "}", first: true) { return members }
    repeat {
      skipSpace()
      let keyOffset = place
      guard peek() == UInt8(ascii: "\"") else {
        throw error(.syntax, "\(shownHere()) where a name in double quotes must stand")
      }
      let key = try readString()
      path.append(key)
      guard keys.insert(key).inserted else {
        throw error(.duplicateKey, "stands twice in this object; keep one", at: keyOffset)
      }
      skipSpace()
      guard take(":") else { throw error(.syntax, "\(shownHere()) where \":\" must follow the name") }
      skipSpace()
      members.append(JSONNode.Member(key: key, keyOffset: keyOffset, value: try readValue()))
      path.removeLast()
    } while try !close(with: "}", first: false)
    return members
  }

  private mutating func readArray() throws(RequestError) -> [JSONNode] {
    try enter()
    var nodes: [JSONNode] = []
    if try close(with: "]", first: true) { return nodes }
    repeat {
      skipSpace()
      path.append(String(nodes.count))
      nodes.append(try readValue())
      path.removeLast()
    } while try !close(with: "]", first: false)
    return nodes
  }

  private var depth = 0

  /// Takes the opening bracket and counts one level more.
  private mutating func enter() throws(RequestError) {
    depth += 1
    if depth > limits.depth {
      throw error(.tooLarge, "is nested more than \(limits.depth) deep, the most allowed; flatten it")
    }
    place += 1
  }

  /// Takes the closing bracket (true) or the comma before the next element (false).
  private mutating func close(with bracket: Unicode.Scalar, first: Bool) throws(RequestError) -> Bool {
    skipSpace()
    if take(bracket) {
      depth -= 1
      return true
    }
    if first { return false }
    guard take(",") else { throw error(.syntax, "\(shownHere()) where \",\" or \"\(bracket)\" must stand") }
    skipSpace()
    if peek() == UInt8(ascii: bracket) { throw error(.syntax, "a comma before \"\(bracket)\"; remove it") }
    return false
  }

  private mutating func readWord(_ word: String, _ value: JSONValue) throws(RequestError) -> JSONValue {
    let rest = text.bytes[place...]
    guard rest.starts(with: word.utf8) else {
      throw error(.syntax, "begins no JSON value; did you mean \(word)?")
    }
    place += word.utf8.count
    return value
  }

  private mutating func readNumber() throws(RequestError) -> String {
    let start = place
    _ = take("-")
    if !take("0") { try takeDigits() }
    if take(".") { try takeDigits() }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      try takeDigits()
    }
    if place - start > 64 { throw error(.range, "a number of more than 64 characters; write it shorter", at: start) }
    if let next = peek(), isDigit(next) { throw error(.syntax, "a number must not begin with 0", at: start) }
    return String(decoding: text.bytes[start..<place], as: UTF8.self)
  }

  private mutating func takeDigits() throws(RequestError) {
    let start = place
    while let byte = peek(), isDigit(byte) { place += 1 }
    if place == start { throw error(.syntax, "\(shownHere()) where a digit must stand") }
  }

  // MARK: Strings

  private mutating func readString() throws(RequestError) -> String {
    let start = place
    place += 1
    var bytes: [UInt8] = []
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "\""):
        place += 1
        return String(decoding: bytes, as: UTF8.self)
      case UInt8(ascii: "\\"): bytes += String(try readEscape()).utf8
      case 0..<32:
        throw error(.syntax, "\(shown(byte)) inside a string; write it as \\n, \\t or \\u00xx, or close the quotes")
      default:
        bytes.append(byte)
        place += 1
      }
    }
    throw error(.syntax, "a string without its closing quote", at: start)
  }

  private mutating func readEscape() throws(RequestError) -> Unicode.Scalar {
    let start = place
    place += 1
    guard let byte = peek() else { throw error(.syntax, "ends inside a string") }
    place += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try readUnicodeEscape(from: start)
    default:
      throw error(.syntax, "\"\\\(shownText(byte))\" is no escape of JSON; write \"\\\\\" for a backslash", at: start)
    }
  }

  private mutating func readUnicodeEscape(from start: Int) throws(RequestError) -> Unicode.Scalar {
    var code = try readHex(from: start)
    if 0xD800..<0xDC00 ~= code, text.bytes[place...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) {
      place += 2
      let low = try readHex(from: start)
      if 0xDC00..<0xE000 ~= low { code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00) }
    }
    guard code != 0 else { throw error(.syntax, "the character \\u0000 is not allowed; remove it", at: start) }
    guard let scalar = Unicode.Scalar(code) else {
      throw error(.encoding, "half of a surrogate pair; write both halves or the character itself", at: start)
    }
    return scalar
  }

  private mutating func readHex(from start: Int) throws(RequestError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw error(.syntax, "\\u without four hexadecimal digits", at: start)
      }
      code = code << 4 | UInt32(digit)
      place += 1
    }
    return code
  }

  // MARK: Bytes

  private func peek() -> UInt8? { place < text.bytes.count ? text.bytes[place] : nil }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: scalar) else { return false }
    place += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { place += 1 }
  }

  private func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

  private func error(_ code: RequestError.Code, _ message: String, at offset: Int? = nil) -> RequestError {
    text.error(code, message, at: offset ?? place, path: path.reduce("") { pointer($0, $1) })
  }

  private func shownHere() -> String { peek().map(shown) ?? "the end of the file" }

  private func shown(_ byte: UInt8) -> String { "\"\(shownText(byte))\"" }

  private func shownText(_ byte: UInt8) -> String {
    (0x20..<0x7F).contains(byte) ? String(Unicode.Scalar(byte)) : "byte 0x" + String(byte, radix: 16)
  }
}

extension [UInt8] {
  /// The first byte that is not part of well-formed UTF-8; nil where all is.
  ///
  /// - Complexity: O(n).
  var firstInvalidUTF8: Int? {
    var decoder = UTF8()
    var iterator = makeIterator()
    var offset = 0
    while true {
      switch decoder.decode(&iterator) {
      case .scalarValue(let scalar): offset += UTF8.width(scalar)
      case .emptyInput: return nil
      case .error: return offset
      }
    }
  }
}
