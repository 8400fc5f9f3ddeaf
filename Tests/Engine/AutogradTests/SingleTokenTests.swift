import Autograd
import Foundation
import Kernels
import Tensors
import Testing
import Weights

@Suite("Self-attention of tokens that stand alone")
struct SingleTokenTests {
  @Test("gives their values, and leaves the table of relative positions in its file")
  func leavesTheTableInItsFile() async {
    await #expect(processExitsWith: .success) {
      let path = FileManager.default.temporaryDirectory.path + "/table-\(UUID().uuidString).safetensors"
      defer { try? FileManager.default.removeItem(atPath: path) }
      var document = SafetensorsDocument()
      document.add("table", Tensor(zeros: [5, 3, 3, 2]))
      try document.write(to: path)
      let table = Parameter(name: "table", stored: try SafetensorsFile(path: path).stored("table"))
      // Whoever touches the memory map of a file that has become shorter is ended.
      try #require(truncate(path, 0) == 0)
      let tape = Tape(device: ComputeDevice(threadCount: 1), recording: false)
      let scale = Parameter(name: "scale", value: Tensor(repeating: 1, shape: [4]))
      let qkv = randomTensor([6, 24], seed: 1)
      let mixed = tape.selfAttention(
        qkv: tape.constant(qkv), heads: 2, queryScale: scale, keyScale: scale,
        bias: RelativePositionBias(table: table, window: (3, 2, 2)),
        windows: AttentionWindows((0..<6).map { [Int32($0)] }))
      for token in 0..<6 { #expect(mixed.value[token].array == Array(qkv[token].array[16..<24])) }
    }
  }

  @Test("is recorded with a gradient of zeros for the table")
  func recordsZeros() throws {
    let tape = Tape(device: ComputeDevice(threadCount: 1), recording: true)
    let table = Parameter(name: "table", value: randomTensor([5, 3, 3, 2], seed: 2))
    let scale = Parameter(name: "scale", value: Tensor(repeating: 1, shape: [4]))
    let mixed = tape.selfAttention(
      qkv: tape.leaf(randomTensor([6, 24], seed: 1)), heads: 2, queryScale: scale, keyScale: scale,
      bias: RelativePositionBias(table: table, window: (3, 2, 2)),
      windows: AttentionWindows((0..<6).map { [Int32($0)] }))
    tape.backward(from: tape.mean(mixed))
    #expect(try #require(tape.gradient(of: table)).array.allSatisfy { $0 == 0 })
  }
}
