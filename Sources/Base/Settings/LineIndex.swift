/// The lines on which a TOML text sets its keys, which the parser does not tell.
///
/// A light scan over text that is known to parse: headers, keys, brackets and strings. A key inside an inline table
/// or a list is found at the line where the outermost value begins.
struct LineIndex {
  private var lines: [String: Int] = [:]
  /// How often each `[[array]]` header was seen, by its resolved path.
  private var counts: [String: Int] = [:]
  private var prefix = ""

  init(_ text: String) {
    var scanner = ValueScanner()
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let wasOpen = scanner.isOpen
      let trimmed = line.drop { $0 == " " || $0 == "\t" }
      if !wasOpen, trimmed.first == "[" {
        header(trimmed, line: number + 1)
      } else if !wasOpen, let (key, rest) = Self.assignment(trimmed) {
        note(Self.joined(prefix, key), number + 1)
        scanner.scan(rest)
      } else {
        scanner.scan(trimmed)
      }
    }
  }

  /// The line of `path`, or of the nearest table around it.
  func line(of path: String) -> Int? {
    var path = path[...]
    while !path.isEmpty {
      if let line = lines[String(path)] { return line }
      guard let cut = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { return nil }
      path = path[..<cut]
    }
    return nil
  }

  static func joined(_ prefix: String, _ key: String) -> String { prefix.isEmpty ? key : "\(prefix).\(key)" }

  private mutating func note(_ path: String, _ line: Int) {
    if lines[path] == nil { lines[path] = line }
  }

  private mutating func header(_ text: Substring, line: Int) {
    let isArray = text.hasPrefix("[[")
    let name = text.drop { $0 == "[" }.prefix { $0 != "]" }
    let parts = name.split(separator: ".").map(Self.bare)
    var path = ""
    for (index, part) in parts.enumerated() {
      path = Self.joined(path, part)
      if isArray, index == parts.count - 1 {
        note(path, line)
        counts[path, default: 0] += 1
      }
      if let count = counts[path] { path += "[\(count - 1)]" }
    }
    note(path, line)
    prefix = path
  }

  private static func bare(_ part: Substring) -> String {
    String(part.filter { $0 != " " && $0 != "\t" && $0 != "\"" && $0 != "'" })
  }

  private static func assignment(_ line: Substring) -> (key: String, rest: Substring)? {
    guard line.first != "#", let equals = line.firstIndex(of: "=") else { return nil }
    let key = line[..<equals].split(separator: ".").map(bare).joined(separator: ".")
    return key.isEmpty ? nil : (key, line[line.index(after: equals)...])
  }
}

/// Follows strings and brackets, to know whether a value goes on in the next line.
private struct ValueScanner {
  private var depth = 0
  /// The mark that ends the multi-line string we are in.
  private var closing: String?

  var isOpen: Bool { depth > 0 || closing != nil }

  mutating func scan(_ text: Substring) {
    var rest = text
    while let character = rest.first {
      if let mark = closing {
        if rest.hasPrefix(mark) {
          closing = nil
          rest = rest.dropFirst(3)
        } else {
          rest = rest.dropFirst(mark == "\"\"\"" && character == "\\" ? 2 : 1)
        }
        continue
      }
      switch character {
      case "#": return
      case "\"", "'": rest = string(rest, quote: character)
      case "[", "{":
        depth += 1
        rest = rest.dropFirst()
      case "]", "}":
        depth -= 1
        rest = rest.dropFirst()
      default: rest = rest.dropFirst()
      }
    }
  }

  /// What follows the string that `text` begins with; a multi-line one that does not end here stays open.
  private mutating func string(_ text: Substring, quote: Character) -> Substring {
    let triple = String(repeating: quote, count: 3)
    if text.hasPrefix(triple) {
      closing = triple
      return text.dropFirst(3)
    }
    var rest = text.dropFirst()
    while let character = rest.first, character != quote {
      rest = rest.dropFirst(quote == "\"" && character == "\\" ? 2 : 1)
    }
    return rest.dropFirst()
  }
}
