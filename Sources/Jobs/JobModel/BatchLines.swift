import DurableFiles

/// The lines of a batch (`NAME.jsonl`) that say something: a request each. Blank lines only count.
package struct BatchLines: Sequence, Sendable {
  private let bytes: [UInt8]

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package func makeIterator() -> Iterator { Iterator(bytes: bytes) }

  /// Whether the file may still be being written: nothing is there yet, or its last line has no end and does not parse.
  package func isCutOff(_ limits: RequestLimits) -> Bool {
    guard let last = bytes.last else { return true }
    guard last != UInt8(ascii: "\n") else { return false }
    let start = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    return (try? JSONDocument(parsing: Array(bytes[start...]), limits: limits.json)) == nil
  }

  package struct Iterator: IteratorProtocol, Sendable {
    fileprivate let bytes: [UInt8]
    private var offset = 0
    private var number = 0

    fileprivate init(bytes: [UInt8]) { self.bytes = bytes }

    package mutating func next() -> BatchLine? {
      while offset < bytes.count {
        let rest = bytes[offset...]
        let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
        let line = rest[..<end]
        offset = end + 1
        number += 1
        if !line.allSatisfy(\.isBlank) { return BatchLine(number: number, bytes: Array(line)) }
      }
      return nil
    }
  }
}

/// One request of a batch.
package struct BatchLine: Equatable, Sendable {
  /// In the file, from 1.
  package let number: Int
  /// Without the line's end.
  package let bytes: [UInt8]

  /// What the seed comes from where the request names none: the line's bytes, a line feed, and its number in digits.
  package var digest: SHA256Digest { SHA256Digest(of: bytes + Array("\n\(number)".utf8)) }

  /// - Throws: `RequestError` at its place in the batch.
  package func request(_ limits: RequestLimits) throws(RequestError) -> Request {
    do throws(RequestError) {
      return try Request(parsing: bytes, limits: limits)
    } catch {
      throw error.onLine(number)
    }
  }

  /// The line's name among the outputs, as if it had been dropped into the batch's own folder: `cats/000003.json`.
  package static func requestPath(stem: String, line: Int) -> String {
    "\(stem)/\(line.sixDigits).json"
  }
}

extension Request {
  /// The request that asks for the same alone: with the seed that it has as a line of a batch.
  package func bytes(withSeed seed: Int64) -> [UInt8] {
    guard self.seed == nil, case .object(let members) = source else { return Array(source.text().utf8) }
    return Array(JSONValue.object(members + [.init(Key.seed.rawValue, .integer(seed))]).text().utf8)
  }
}

extension RequestError {
  /// The same mistake as it stands in a file of many lines.
  package func onLine(_ line: Int) -> RequestError {
    RequestError(code, message, path: path, place: TextPlace(line: line, column: place?.column ?? 1))
  }
}

/// The lines of a batch that were refused: the content of its `NAME.error.json`.
package struct RefusedLines: Equatable, Sendable {
  package private(set) var errors: [RequestError] = []
  package private(set) var count = 0
  /// Lines that run.
  package var goodCount = 0

  /// Errors that are written out; the rest is only counted.
  package static let limit = 1000

  package init() {}

  package mutating func add(_ error: RequestError) {
    count += 1
    if errors.count < Self.limit { errors.append(error) }
  }

  package var summary: RequestError {
    let rest = goodCount == 0 ? "correct them" : "the other \(goodCount) run; correct these in a file of their own"
    return RequestError(.badLines, "\(count) of \(count + goodCount) lines are refused; \(rest)")
  }

  package var document: JSONValue {
    guard case .object(let members) = summary.document else { return summary.document }
    return .object(members + [.init("lines", .array(errors.map(\.document)))])
  }
}

extension UInt8 {
  /// White space of JSON.
  fileprivate var isBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0D }
}
