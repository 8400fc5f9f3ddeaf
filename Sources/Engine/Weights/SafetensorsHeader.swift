/// The table of contents of a safetensors file, checked against the file's size.
///
/// Layout: the header's length (u64, little endian), the header (JSON), the tensors' bytes without gaps or overlaps.
struct SafetensorsHeader {
  struct Entry: Sendable {
    let type: ScalarType
    let shape: [Int]
    /// Where the values lie, counted from the start of the file.
    let bytes: Range<Int>
  }

  let entries: [String: Entry]
  let metadata: [String: String]

  /// The longest header accepted, as in the reference implementation.
  private static let byteLimit = 100_000_000

  /// - Parameter file: all bytes of the file.
  /// - Throws: a sentence that says what is wrong.
  init(file: UnsafeRawBufferPointer) throws(Malformed) {
    guard file.count >= 8 else { throw Malformed("it has \(file.count) bytes, a header alone needs 8") }
    let length = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
    guard length <= UInt64(Self.byteLimit), Int(length) <= file.count - 8 else {
      throw Malformed("its header says it has \(length) bytes, the file has \(file.count)")
    }
    let dataStart = 8 + Int(length)
    let document: JSONValue
    do {
      document = try JSONParser.parse(UnsafeRawBufferPointer(rebasing: file[8..<dataStart]))
    } catch {
      throw Malformed("its header is not JSON (column \(error.column)): \(error.problem)")
    }
    guard case .object(var members) = document else { throw Malformed("its header is \(document.kind)") }
    metadata = try Self.metadata(members.removeValue(forKey: "__metadata__"))
    var entries: [String: Entry] = [:]
    for (name, value) in members {
      entries[name] = try Self.entry(name, value, dataStart: dataStart, fileSize: file.count)
    }
    self.entries = entries
    try Self.checkCoverage(entries, dataStart: dataStart, fileSize: file.count)
  }

  struct Malformed: Error {
    let problem: String
    init(_ problem: String) { self.problem = problem }
  }

  private static func metadata(_ value: JSONValue?) throws(Malformed) -> [String: String] {
    guard let value else { return [:] }
    guard case .object(let members) = value else { throw Malformed("__metadata__ is \(value.kind)") }
    var result: [String: String] = [:]
    for (key, value) in members {
      guard case .string(let text) = value else { throw Malformed("__metadata__ \"\(key)\" is \(value.kind)") }
      result[key] = text
    }
    return result
  }

  private static func entry(
    _ name: String, _ value: JSONValue, dataStart: Int, fileSize: Int
  ) throws(Malformed) -> Entry {
    guard case .object(let members) = value, members.count == 3, case .string(let typeName)? = members["dtype"],
      case .array(let axes)? = members["shape"], case .array(let offsets)? = members["data_offsets"]
    else { throw Malformed("the entry of \"\(name)\" is not exactly dtype, shape and data_offsets") }
    guard let type = ScalarType(rawValue: typeName) else {
      let allowed = ScalarType.allCases.map(\.rawValue).joined(separator: ", ")
      throw Malformed("\"\(name)\" has dtype \(typeName), allowed are \(allowed)")
    }
    let shape = try nonNegative(axes, "shape of \"\(name)\"")
    let range = try nonNegative(offsets, "data_offsets of \"\(name)\"")
    let dataSize = fileSize - dataStart
    guard range.count == 2, range[0] <= range[1], range[1] <= dataSize else {
      throw Malformed("data_offsets of \"\(name)\" are \(range), its data ends at \(dataSize)")
    }
    var byteCount = type.byteCount
    for axis in shape {
      let (product, overflow) = byteCount.multipliedReportingOverflow(by: axis)
      guard !overflow else { throw Malformed("\"\(name)\" of shape \(shape) is larger than memory can be") }
      byteCount = product
    }
    guard byteCount == range[1] - range[0] else {
      throw Malformed("\"\(name)\", \(typeName) \(shape), needs \(byteCount) bytes, has \(range[1] - range[0])")
    }
    return Entry(type: type, shape: shape, bytes: (dataStart + range[0])..<(dataStart + range[1]))
  }

  private static func nonNegative(_ values: [JSONValue], _ what: String) throws(Malformed) -> [Int] {
    guard values.count <= 16 else { throw Malformed("the \(what) has \(values.count) numbers, allowed are 16") }
    var result: [Int] = []
    for value in values {
      guard case .integer(let integer) = value, let number = Int(exactly: integer), number >= 0 else {
        throw Malformed("the \(what) holds \(value), expected integers from 0")
      }
      result.append(number)
    }
    return result
  }

  /// Every byte behind the header belongs to exactly one tensor.
  private static func checkCoverage(
    _ entries: [String: Entry], dataStart: Int, fileSize: Int
  ) throws(Malformed) {
    var end = dataStart
    for (name, entry) in entries.sorted(by: {
      ($0.value.bytes.lowerBound, $0.value.bytes.upperBound, $0.key) < (
        $1.value.bytes.lowerBound, $1.value.bytes.upperBound, $1.key
      )
    }) {
      guard entry.bytes.lowerBound == end else {
        let what = entry.bytes.lowerBound < end ? "overlaps the tensor before it" : "leaves a gap before it"
        throw Malformed("\"\(name)\" \(what): it begins at byte \(entry.bytes.lowerBound), expected \(end)")
      }
      end = entry.bytes.upperBound
    }
    guard end == fileSize else { throw Malformed("its tensors end at byte \(end), the file at \(fileSize)") }
  }
}
