/// Makes requests that nobody would write out of requests that somebody did.
package struct Mutator {
  private var random: SeededRandom
  private let sources: [[UInt8]]
  private let tokens: [[UInt8]] = [
    "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud83d", "null", "true", "-", "0", "1e999",
    "9223372036854775808",
    "\u{0}", "\u{FEFF}", "é", "{x}", "\"prompt\"", "\"vary\"", "\"samples\"", "\"steps\"", "\"labels\"", "..", "/", " ",
    "\n",
  ].map { Array($0.utf8) }

  package init(_ sources: [[UInt8]], random: SeededRandom) {
    self.sources = sources
    self.random = random
  }

  package mutating func next() -> [UInt8] {
    var bytes = pick(sources)
    for _ in 0..<Int.random(in: 1...6, using: &random) { mutate(&bytes) }
    return bytes
  }

  private mutating func mutate(_ bytes: inout [UInt8]) {
    let place = Int.random(in: 0...bytes.count, using: &random)
    let end = min(bytes.count, place + Int.random(in: 1...16, using: &random))
    switch Int.random(in: 0..<7, using: &random) {
    case 0 where place < bytes.count: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
    case 1 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 2: bytes.removeSubrange(place..<end)
    case 3: bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
    case 4: bytes.removeSubrange(place...)
    case 5:
      let other = pick(sources)
      let start = Int.random(in: 0...other.count, using: &random)
      bytes.replaceSubrange(place..<end, with: other[start..<min(other.count, start + 64)])
    default: bytes.insert(contentsOf: pick(tokens), at: place)
    }
  }

  private mutating func pick(_ choices: [[UInt8]]) -> [UInt8] {
    choices[Int.random(in: 0..<choices.count, using: &random)]
  }
}
