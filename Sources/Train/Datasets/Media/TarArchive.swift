import DurableFiles

/// The members of an uncompressed tar archive (POSIX ustar, pax and GNU long names), where they lie in the file.
///
/// Read by hand because members are decoded in place, which needs their offsets.
struct TarArchive {
  struct Member: Hashable {
    let name: String
    /// Of its bytes in the file.
    let range: Range<Int>
  }

  let path: String
  private(set) var members: [Member] = []
  /// Why the archive could not be read to its end; nil if it could.
  private(set) var problem: String?
  private let file: MappedFile

  private static let block = 512

  /// - Throws: `FileSystemError` if there is no such file.
  init(path: String) throws {
    self.path = path
    file = try MappedFile(path)
    readHeaders()
  }

  func bytes(of member: Member) -> [UInt8] { file.withUnsafeBytes { Array($0[member.range]) } }

  private mutating func readHeaders() {
    var position = 0
    // What a header in front says of the next member.
    var longName: String?
    var longSize: Int?
    while position + Self.block <= file.byteCount {
      let header = slice(position..<position + Self.block)
      if header.allSatisfy({ $0 == 0 }) { return }
      guard Self.checksum(header) == Self.octal(header[148..<156]), let size = Self.octal(header[124..<136]) else {
        problem = "byte \(position) does not begin a tar header; the archive is damaged from there on"
        return
      }
      let count = longSize ?? size
      let start = position + Self.block
      let left = file.byteCount - start
      guard 0...left ~= count else {
        problem = "the member at byte \(position) has \(count) bytes, the archive has \(left) left; is it whole?"
        return
      }
      let range = start..<start + count
      switch header[156] {
      case UInt8(ascii: "x"): (longName, longSize) = Self.paxFields(slice(range))
      case UInt8(ascii: "L"): longName = Self.text(slice(range))
      case UInt8(ascii: "0"), 0:
        members.append(Member(name: longName ?? Self.name(header), range: range))
        (longName, longSize) = (nil, nil)
      default: (longName, longSize) = (nil, nil)
      }
      position = start + (count + Self.block - 1) / Self.block * Self.block
    }
  }

  private func slice(_ range: Range<Int>) -> [UInt8] { file.withUnsafeBytes { Array($0[range]) } }

  /// The sum of a header's bytes, those of the checksum taken as spaces.
  private static func checksum(_ header: [UInt8]) -> Int {
    header.indices.reduce(0) { $0 + (148..<156 ~= $1 ? 32 : Int(header[$1])) }
  }

  private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
    Int(text(Array(field)).filter { $0 != " " }, radix: 8)
  }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }

  private static func name(_ header: [UInt8]) -> String {
    let isUstar = header[257..<262].elementsEqual("ustar".utf8)
    let prefix = isUstar ? text(Array(header[345..<500])) : ""
    return (prefix.isEmpty ? "" : prefix + "/") + text(Array(header[0..<100]))
  }

  /// The `path` and `size` of pax records, each "LENGTH KEY=VALUE\n".
  private static func paxFields(_ bytes: [UInt8]) -> (name: String?, size: Int?) {
    var fields: [Substring: String] = [:]
    var rest = bytes[...]
    while let length = Int(String(decoding: rest.prefix { $0 != 32 }, as: UTF8.self)), length > 0, length <= rest.count
    {
      let record = String(decoding: rest.prefix(length).drop { $0 != 32 }.dropFirst().dropLast(), as: UTF8.self)
      if let equals = record.firstIndex(of: "=") {
        fields[record[..<equals]] = String(record[record.index(after: equals)...])
      }
      rest = rest.dropFirst(length)
    }
    return (fields["path"], fields["size"].flatMap { Int($0) })
  }
}
