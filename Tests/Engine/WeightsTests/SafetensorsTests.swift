import Foundation
import Tensors
import Testing
import Weights

/// A file with `bytes` in a folder of its own, removed with it.
final class TemporaryFile {
  let path: String
  private let folder: URL

  init(_ bytes: Data = Data()) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("weights-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    path = folder.appendingPathComponent("model.safetensors").path
    try bytes.write(to: URL(fileURLWithPath: path))
  }

  deinit { try? FileManager.default.removeItem(at: folder) }
}

/// A file's bytes from its header's text and data.
private func file(header: String, data: [UInt8] = []) -> Data {
  var result = Data()
  withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { result.append(contentsOf: $0) }
  return result + Data(header.utf8) + Data(data)
}

@Suite("A safetensors file")
struct SafetensorsTests {
  @Test("gives back what was written, every element type")
  func roundTrip() throws {
    let values: [Float] = [0, -1.5, 3.14159274, 65504, 1e-8, -0.1]
    var document = SafetensorsDocument(metadata: ["note": "two \"words\"\n\u{1}ü"])
    document.add("full", Tensor(values, shape: [2, 3]))
    document.add("half", Tensor(values, shape: [3, 2]), as: .float16)
    document.add("brain", Tensor(values, shape: [6]), as: .bfloat16)
    document.add("ids", integers: [-3, .max], shape: [2])
    document.add("gamma", doubles: [0.1, -2], shape: [1, 2])
    document.add("bytes", bytes: [0, 127, 255], shape: [3])
    document.add("scalar", Tensor(scalar: 7))
    document.add("none", Tensor(zeros: [0, 4]))
    let target = try TemporaryFile()
    try document.write(to: target.path)

    let file = try SafetensorsFile(path: target.path)
    #expect(file.names == ["brain", "bytes", "full", "gamma", "half", "ids", "none", "scalar"])
    #expect(file.metadata == ["note": "two \"words\"\n\u{1}ü"])
    #expect(try file.tensor("full").array == values)
    #expect(try file.shape(of: "half") == [3, 2])
    #expect(try file.tensor("half").array == values.map { Float(Float16($0)) })
    // bfloat16 has 8 bits of precision: half a unit in the last place is 2⁻⁹ of the value.
    #expect(zip(try file.tensor("brain").array, values).allSatisfy { abs($0 - $1) <= abs($1) / 512 })
    #expect(try file.integers("ids") == [-3, .max])
    #expect(try file.doubles("gamma") == [0.1, -2])
    #expect(try file.bytes("bytes") == [0, 127, 255])
    #expect(try file.tensor("scalar").scalar == 7)
    #expect(try file.tensor("none").shape == [0, 4])
  }

  @Test("written tensor after tensor has the bytes of one that was made in memory")
  func streaming() throws {
    let tensors = [
      ("b", Tensor([1, 2, 3], shape: [3]), FloatType.bfloat16), ("a", Tensor([0.1, 0.2], shape: [2, 1]), .float32),
      ("c", Tensor([0.3], shape: [1]), .float16),
    ]
    var document = SafetensorsDocument(metadata: ["note": "x"])
    for (name, tensor, type) in tensors { document.add(name, tensor, as: type) }
    let target = try TemporaryFile()
    let writer = SafetensorsWriter(
      tensors.map { SafetensorsWriter.Entry($0.0, $0.1.shape, $0.2) }, metadata: ["note": "x"])
    let values = Dictionary(uniqueKeysWithValues: tensors.map { ($0.0, $0.1) })
    try writer.write(to: target.path) { try #require(values[$0]) }
    #expect(try Data(contentsOf: URL(fileURLWithPath: target.path)) == document.data())
    #expect(writer.byteCount == document.data().count)
  }

  @Test("gives a tensor when it is asked for, again and again")
  func stored() throws {
    var document = SafetensorsDocument()
    document.add("x", Tensor([1, -2, 0.5], shape: [3]), as: .bfloat16)
    let target = try TemporaryFile()
    try document.write(to: target.path)
    let stored = try SafetensorsFile(path: target.path).stored("x")
    #expect(stored.type == .bfloat16 && stored.shape == [3])
    for _ in 0..<2 { #expect(stored.widened().array == [1, -2, 0.5]) }
  }

  @Test("has the same bytes in whatever order its tensors were added")
  func deterministic() {
    var first = SafetensorsDocument(metadata: ["a": "1", "b": "2"])
    first.add("x", Tensor(scalar: 1))
    first.add("y", bytes: [1], shape: [1])
    var second = SafetensorsDocument(metadata: ["b": "2", "a": "1"])
    second.add("y", bytes: [1], shape: [1])
    second.add("x", Tensor(scalar: 1))
    #expect(first.data() == second.data())
  }

  static let hostile: [(String, Data)] = [
    ("an empty file", Data()),
    ("a header cut off", Data([8, 0, 0, 0, 0, 0, 0, 0, 0x7B])),
    ("a header length beyond all", Data(repeating: 0xFF, count: 64)),
    ("a header that is not JSON", file(header: "{\"a\":")),
    ("a header that is an array", file(header: "[]")),
    ("deep nesting", file(header: String(repeating: "[", count: 100_000))),
    (
      "a tensor named twice",
      file(
        header:
          #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#,
        data: [0])
    ),
    ("offsets beyond the file", file(header: #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#, data: [0])),
    ("offsets backwards", file(header: #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}"#, data: [0])),
    ("a negative axis", file(header: #"{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}"#, data: [0])),
    ("a fractional axis", file(header: #"{"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}}"#, data: [0])),
    (
      "a shape that overflows",
      file(
        header: #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#)
    ),
    (
      "a size that contradicts the shape",
      file(header: #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,1]}}"#, data: [0])
    ),
    (
      "overlapping tensors",
      file(
        header:
          #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#,
        data: [0, 0, 0])
    ),
    ("a gap before the data", file(header: #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#, data: [0, 0])),
    (
      "bytes after the last tensor",
      file(header: #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, data: [0, 0])
    ),
    ("an unknown element type", file(header: #"{"a":{"dtype":"Q4","shape":[1],"data_offsets":[0,1]}}"#, data: [0])),
    (
      "an entry with a key too many",
      file(header: #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}}"#, data: [0])
    ),
    ("metadata that is not text", file(header: #"{"__metadata__":{"a":1}}"#)),
  ]

  @Test("that contradicts itself is refused", arguments: hostile.map(\.0))
  func refused(what: String) throws {
    let bytes = try #require(Self.hostile.first { $0.0 == what }?.1)
    let target = try TemporaryFile(bytes)
    #expect { _ = try SafetensorsFile(path: target.path) } throws: { ($0 as? WeightsError)?.code == .malformed }
  }

  @Test("with any bytes changed is read or refused, and never brings the reader down")
  func mutations() throws {
    var document = SafetensorsDocument(metadata: ["a": "b"])
    document.add("x", Tensor([1, 2, 3, 4], shape: [2, 2]))
    document.add("ids", integers: [1, 2], shape: [2])
    document.add("half", Tensor([1, 2], shape: [2]), as: .float16)
    let good = document.data()
    let stream = NoiseStream(seed: 11, purpose: .training(0))
    for round in 0..<150 {
      let words = stream.words(block: UInt32(round))
      var bytes = good
      bytes[Int(words.x) % good.count] = UInt8(truncatingIfNeeded: words.y)
      bytes[Int(words.z) % good.count] = UInt8(truncatingIfNeeded: words.w)
      if round % 4 == 0 { bytes = bytes.prefix(Int(words.y) % good.count) }
      let target = try TemporaryFile(bytes)
      guard let file = try? SafetensorsFile(path: target.path) else { continue }
      for name in file.names {
        _ = try? file.tensor(name)
        _ = try? file.integers(name)
        _ = try? file.doubles(name)
      }
    }
  }

  @Test("that does not exist is refused, naming it")
  func absent() {
    #expect {
      _ = try SafetensorsFile(path: "/nowhere/base.safetensors")
    } throws: {
      ($0 as? WeightsError)?.code == .unreadable && "\($0)".contains("/nowhere/base.safetensors")
    }
  }

  @Test("asked for a tensor that it lacks, it names the nearest it has")
  func nearest() throws {
    var document = SafetensorsDocument()
    document.add("patch.weight", Tensor(scalar: 1))
    let target = try TemporaryFile(document.data())
    let file = try SafetensorsFile(path: target.path)
    #expect { _ = try file.tensor("patch.weigth") } throws: { "\($0)".contains("\"patch.weight\"") }
    #expect { _ = try file.integers("patch.weight") } throws: { ($0 as? WeightsError)?.code == .wrongType }
  }
}
