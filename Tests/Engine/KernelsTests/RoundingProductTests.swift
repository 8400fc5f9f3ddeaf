import Kernels
import Tensors
import Testing

/// Products of operands that have 8 significant bits already are the same with and without rounding, but for the order
/// of the sums.
@Suite("Products of operands rounded to bfloat16", .enabled(if: ComputeDevice.roundingProducts(threadCount: 1) != nil))
struct RoundingProductTests {
  private let exact: ComputeDevice
  private let rounding: ComputeDevice

  init() throws {
    exact = ComputeDevice(threadCount: 2)
    rounding = try #require(ComputeDevice.roundingProducts(threadCount: 2))
  }

  /// Multiples of 1/64 in [−1, 1]: numbers of bfloat16.
  private func short(_ shape: [Int], seed: UInt64) -> Tensor {
    let noise = NoiseStream(seed: seed, purpose: .training(0)).normals(shape: shape)
    return noise.map { max(-1, min(1, ($0 / 3 * 64).rounded() / 64)) }
  }

  private func expectClose(_ a: Tensor, _ b: Tensor, _ what: String) {
    let largest = zip(a.array, b.array).map { abs($0 - $1) }.max() ?? 0
    #expect(a.shape == b.shape && largest <= 1e-4, "\(what): \(largest)")
  }

  @Test("A product, also of odd depth", arguments: [(1, 1, 1), (5, 3, 8), (97, 33, 66), (200, 16, 600), (96, 70, 7)])
  func product(rows: Int, columns: Int, depth: Int) {
    let (a, w, bias) = (short([rows, depth], seed: 1), short([columns, depth], seed: 2), short([columns], seed: 3))
    let results = [exact, rounding].map { device in
      let c = Tensor(uninitialized: [rows, columns])
      device.product(a.pointer, rows: rows, device.packTransposed(w), bias: bias.pointer, into: c.pointer)
      return c
    }
    expectClose(results[0], results[1], "\(rows) × \(columns) × \(depth)")
  }

  @Test("A weight's gradient, also over an odd number of rows", arguments: [1, 2, 129, 300])
  func transposedProduct(depth: Int) {
    let (a, b) = (short([depth, 50], seed: 4), short([depth, 70], seed: 5))
    let results = [exact, rounding].map { device in
      let c = Tensor(repeating: 2, shape: [50, 70])
      device.transposedProduct(a.pointer, b.pointer, depth: depth, rows: 50, columns: 70, addingTo: c.pointer)
      return c
    }
    expectClose(results[0], results[1], "\(depth) rows")
  }

  @Test("A convolution and its gradients, odd channels too", arguments: [3, 8], [1, 2])
  func convolution(channels: Int, stride: Int) {
    let x = short([2, 3, 6, 5, channels], seed: 6)
    let w = short([10, channels, 3, 3, 3], seed: 7)
    let steps = (t: 1, h: stride, w: stride)
    let results = [exact, rounding].map { device in
      let y = device.convolve(
        x, weightShape: w.shape, packed: device.packConvolution(w), bias: short([10], seed: 8), stride: steps,
        past: .zeros)
      let dy = short(y.shape, seed: 9)
      let dx = device.convolutionInputGradient(dy, inputShape: x.shape, weight: w, stride: steps, past: .zeros)
      let dw = device.convolutionWeightGradient(dy, input: x, weightShape: w.shape, stride: steps, past: .zeros)
      return [y, dx, dw.weight, dw.bias]
    }
    for (a, b) in zip(results[0], results[1]) { expectClose(a, b, "\(channels) channels, stride \(stride)") }
  }

  @Test("Operands are rounded to nearest, and a row's result does not depend on the others")
  func rounding8Bits() {
    let rows = Tensor((0..<20).flatMap { [1 + Float($0) / 1024, 1] }, shape: [20, 2])
    let packed = rounding.packTransposed(Tensor([1, -1], shape: [1, 2]))
    let (all, one) = (Tensor(uninitialized: [20, 1]), Tensor(uninitialized: [1, 1]))
    rounding.product(rows.pointer, rows: 20, packed, into: all.pointer)
    for row in 0..<20 {
      let rounded = (Float(row) / 1024 * 128).rounded(.toNearestOrEven) / 128
      #expect(all.array[row] == rounded)
      rounding.product(rows.pointer + 2 * row, rows: 1, packed, into: one.pointer)
      #expect(one.array[0] == rounded)
    }
  }
}
