import DurableFiles
import Foundation

/// A file or a line of the worker protocol that is not what it should be.
package struct ProtocolError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file, or the line itself.
  package let source: String
  package let problem: String

  package var description: String { "read \(source): \(problem); both programs must be of one version" }
}

/// How the protocol's values are written: JSON with sorted keys, one value the same bytes each time.
package enum ProtocolCoding {
  package static func encode(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value))
  }

  /// An object whose last member, `sha256`, is the digest of all that stands before it.
  package static func sealed(_ value: some Encodable) throws -> [UInt8] {
    let bytes = try encode(value).dropLast()
    return Array(bytes) + Array(seal(bytes).utf8)
  }

  /// - Throws: `ProtocolError` also where a byte of it is another than was written.
  package static func unsealed<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8], path: String) throws -> Value {
    let length = seal([]).utf8.count
    let body = bytes.dropLast(length)
    guard bytes.suffix(length).elementsEqual(seal(body).utf8) else {
      throw ProtocolError(source: path, problem: "its digest is not that of its content")
    }
    return try decode(type, bytes, path: path)
  }

  private static func seal(_ body: ArraySlice<UInt8>) -> String { ",\"sha256\":\"\(SHA256Digest(of: body))\"}" }

  /// One line, without its end.
  package static func line(_ value: some Encodable) throws -> String {
    String(decoding: try encode(value), as: UTF8.self)
  }

  /// - Parameter path: names the source in the error.
  package static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8], path: String) throws -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch let error as DecodingError {
      throw ProtocolError(source: path, problem: Self.problem(error))
    }
  }

  private static func problem(_ error: DecodingError) -> String {
    let (context, what): (DecodingError.Context, String) =
      switch error {
      case .keyNotFound(let key, let context): (context, "\(key.stringValue) is missing")
      case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
        (context, context.debugDescription)
      @unknown default: (.init(codingPath: [], debugDescription: ""), "\(error)")
      }
    let place = context.codingPath.map(\.stringValue).joined(separator: ".")
    return place.isEmpty ? what : "\(place): \(what)"
  }
}
