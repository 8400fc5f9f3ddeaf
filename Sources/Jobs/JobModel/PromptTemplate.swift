/// A prompt cut at its `{…}` placeholders, so that filling it in takes no more looking.
struct PromptTemplate: Equatable, Sendable {
  private enum Piece: Equatable, Sendable {
    case text(String)
    case placeholder(String)
  }

  private var pieces: [Piece] = []
  /// Names of the placeholders in the order in which they first appear.
  private(set) var names: [String] = []

  /// Every `{name}` with one of `names` is a placeholder; other braces are text.
  ///
  /// - Complexity: O(bytes of the prompt).
  init(_ prompt: String, names known: Set<String>) {
    let bytes = Array(prompt.utf8)
    var start = 0
    var open: Int?
    for (place, byte) in bytes.enumerated() {
      if byte == UInt8(ascii: "{") { open = place }
      guard byte == UInt8(ascii: "}"), let brace = open else { continue }
      open = nil
      let name = String(decoding: bytes[(brace + 1)..<place], as: UTF8.self)
      guard known.contains(name) else { continue }
      pieces += [.text(String(decoding: bytes[start..<brace], as: UTF8.self)), .placeholder(name)]
      start = place + 1
      if !names.contains(name) { names.append(name) }
    }
    pieces.append(.text(String(decoding: bytes[start...], as: UTF8.self)))
  }

  /// The prompt with each placeholder replaced once: what is put in is not looked at again.
  func filled(with choice: [String: String]) -> String {
    pieces.map { piece in
      switch piece {
      case .text(let text): text
      case .placeholder(let name): choice[name] ?? ""
      }
    }.joined()
  }
}
