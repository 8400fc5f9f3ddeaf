import Autograd
import Foundation
import Kernels
import Layers
import Tensors
import Testing
import Weights

@Suite("A model's weights")
struct ParameterStoreTests {
  static let specifications =
    Linear.specifications("patch", in: 3, out: 2)
    + [
      ParameterSpecification("position", [4, 2], .normal(standardDeviation: 0.02)),
      ParameterSpecification("scale", [2], .ones, isTrainable: false),
    ]

  /// Writes the tensors to a file of its own and opens it.
  private func file(_ tensors: [String: [Int]]) throws -> SafetensorsFile {
    var document = SafetensorsDocument()
    for (name, shape) in tensors { document.add(name, Tensor(repeating: 0.5, shape: shape)) }
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("store-\(UUID().uuidString)").path
    try document.write(to: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try SafetensorsFile(path: path)
  }

  private static let good = ["patch.weight": [2, 3], "patch.bias": [2], "position": [4, 2], "scale": [2]]

  private func failure(_ tensors: [String: [Int]]) throws -> WeightsError? {
    let file = try file(tensors)
    do {
      _ = try ParameterStore(loading: [file], specifications: Self.specifications)
      return nil
    } catch let error as WeightsError { return error }
  }

  @Test("load when names and shapes are exactly those of the model")
  func loads() throws {
    let store = try ParameterStore(loading: [file(Self.good)], specifications: Self.specifications)
    #expect(store.parameters.map(\.name) == ["patch.weight", "patch.bias", "position", "scale"])
    #expect(store["patch.weight"].value.array == [Float](repeating: 0.5, count: 6))
    #expect(store["patch.weight"].isTrainable && !store["scale"].isTrainable)
    #expect(store.weightCount == 18 && Self.specifications.weightCount == 18)
  }

  @Test("give the same bits from their file, in 16 bits or widened, and from memory", arguments: FloatType.allCases)
  func layersFromFile(type: FloatType) throws {
    // Above a million elements a matrix stays in 16 bits when it is packed.
    let specifications =
      Linear.specifications("large", in: 1025, out: 1024) + Linear.specifications("small", in: 5, out: 3)
    let drawn = ParameterStore(initializing: specifications, seed: 2)
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("store-\(UUID().uuidString)").path
    try drawn.document(as: type).write(to: path)
    let stored = try ParameterStore(loading: [SafetensorsFile(path: path)], specifications: specifications)
    let file = try SafetensorsFile(path: path)
    let inMemory = try ParameterStore(specifications: specifications) { try file.tensor($0.name) }
    try FileManager.default.removeItem(atPath: path)
    let tape = Tape(device: ComputeDevice(threadCount: 2), recording: false)
    for (name, width) in [("large", 1025), ("small", 5)] {
      let x = tape.constant(NoiseStream(seed: 1, purpose: .training(0)).normals(shape: [7, width]))
      let expected = Linear(inMemory, name)(x, on: tape).value.array
      #expect(Linear(stored, name)(x, on: tape).value.array == expected)
      #expect(Linear(stored, name)(x, on: tape).value.array == expected)
    }
    #expect(stored["large.weight"].value.array == inMemory["large.weight"].value.array)
  }

  @Test("take half the memory where they are large and stored in 16 bits")
  func residentBytes() {
    let specifications =
      Linear.specifications("large", in: 1024, out: 2048) + Linear.specifications("small", in: 8, out: 40)
    let (large, small) = (1024 * 2048, 8 * 64)
    #expect(specifications.residentByteCount(storedAs: .float32) == 4 * (large + 2048 + small + 40))
    #expect(specifications.residentByteCount(storedAs: .bfloat16) == 2 * large + 4 * (2048 + small + 40))
  }

  @Test("load from shards")
  func shards() throws {
    let first = try file(Self.good.filter { $0.key.hasPrefix("patch") })
    let second = try file(Self.good.filter { !$0.key.hasPrefix("patch") })
    let store = try ParameterStore(loading: [first, second], specifications: Self.specifications)
    #expect(store["position"].shape == [4, 2])
  }

  @Test("with a missing, an unknown or a misshapen tensor are refused, naming it")
  func refusals() throws {
    let missing = try #require(try failure(Self.good.filter { $0.key != "position" }))
    #expect(missing.code == .missingTensor && missing.message.contains("position [4, 2] is missing"))
    let unknown = try #require(try failure(Self.good.merging(["extra": [1]]) { $1 }))
    #expect(unknown.code == .unknownTensor && unknown.message.contains("extra"))
    let wrong = try #require(try failure(Self.good.merging(["patch.weight": [2, 4]]) { $1 }))
    #expect(wrong.code == .wrongShape && wrong.message.contains("patch.weight is [2, 4], expected [2, 3]"))
  }

  @Test("ignore foreign tensors where told to")
  func ignoring() throws {
    let file = try file(Self.good.merging(["decoder.x": [1]]) { $1 })
    let store = try ParameterStore(loading: [file], specifications: Self.specifications) { $0.hasPrefix("decoder.") }
    #expect(store.parameters.count == 4)
  }

  @Test("begin the same for the same seed, and as their initialisers say")
  func initialisation() {
    let store = ParameterStore(initializing: Self.specifications, seed: 5)
    let again = ParameterStore(initializing: Self.specifications, seed: 5)
    let other = ParameterStore(initializing: Self.specifications, seed: 6)
    #expect(store["patch.weight"].value.array == again["patch.weight"].value.array)
    #expect(store["patch.weight"].value.array != other["patch.weight"].value.array)
    let bound = Float((6.0 / 5).squareRoot())
    #expect(store["patch.weight"].value.array.allSatisfy { abs($0) <= bound })
    #expect(store["patch.bias"].value.array == [0, 0])
    #expect(store["scale"].value.array == [1, 1])
    #expect(store["position"].value.array.allSatisfy { $0 != 0 && abs($0) < 0.12 })
  }

  @Test("keep a weight's first value when the model gains another")
  func stableInitialisation() {
    let more = [ParameterSpecification("new", [3, 3], .heUniform)] + Self.specifications
    #expect(
      ParameterStore(initializing: more, seed: 5)["position"].value.array
        == ParameterStore(initializing: Self.specifications, seed: 5)["position"].value.array)
  }
}
