import COpenBLAS
import Kernels
import Tensors
import Testing

/// Fixed pseudo-random values in [−1, 1).
private func randomTensor(_ shape: [Int], seed: UInt64) -> Tensor {
  var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678
  return Tensor(
    (0..<shape.reduce(1, *)).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Float(Int64(bitPattern: state) >> 40) / Float(1 << 23)
    }, shape: shape)
}

/// The kinds of kernels that this processor runs.
private let kinds = ["x86-64-v2", "x86-64-v3", "x86-64-v4", "arm64"].filter {
  (try? ComputeDevice(threadCount: 1, kernels: $0)) != nil
}

private func largestDifference(_ a: Tensor, _ b: Tensor) -> Float {
  zip(a.array, b.array).map { abs($0 - $1) }.max() ?? 0
}

@Suite("Kernels agree with plain definitions")
struct KernelTests {
  /// Sums of k products below 1 in magnitude: rounding grows like √k·2⁻²⁴ around values of √k; 1e-6·k bounds both.
  @Test("A product equals OpenBLAS's", arguments: kinds)
  func product(kind: String) throws {
    let device = try ComputeDevice(threadCount: 2, kernels: kind)
    for (m, n, k) in [(1, 1, 1), (5, 3, 7), (97, 33, 65), (200, 16, 300), (320, 192, 129)] {
      let (a, w) = (randomTensor([m, k], seed: 1), randomTensor([n, k], seed: 2))
      let bias = randomTensor([n], seed: 3)
      let c = Tensor(uninitialized: [m, n])
      device.product(a.pointer, rows: m, device.packTransposed(w), bias: bias.pointer, into: c.pointer)
      let expected = Tensor(uninitialized: [m, n])
      for row in 0..<m { for column in 0..<n { expected.pointer[row * n + column] = bias.pointer[column] } }
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, Int32(m), Int32(n), Int32(k), 1, a.pointer, Int32(k), w.pointer,
        Int32(k), 1, expected.pointer, Int32(n))
      #expect(largestDifference(c, expected) <= 1e-6 * Float(k) + 1e-6)
    }
  }

  @Test("A row of a product is the same bits whatever other rows and threads there are", arguments: kinds)
  func rowIndependence(kind: String) throws {
    let (a, w) = (randomTensor([203, 70], seed: 4), randomTensor([45, 70], seed: 5))
    let one = try ComputeDevice(threadCount: 1, kernels: kind)
    let three = try ComputeDevice(threadCount: 3, kernels: kind)
    let (whole, single) = (Tensor(uninitialized: [203, 45]), Tensor(uninitialized: [1, 45]))
    three.product(a.pointer, rows: 203, three.packTransposed(w), into: whole.pointer)
    for row in [0, 7, 96, 202] {
      one.product(a.pointer + row * 70, rows: 1, one.packTransposed(w), into: single.pointer)
      #expect(whole[row].array == single.array)
    }
  }

  @Test("16-bit weights, kept so when packed, give the bits that they give widened", arguments: kinds)
  func narrowPanels(kind: String) throws {
    let device = try ComputeDevice(threadCount: 2, kernels: kind)
    let a = randomTensor([103, 70], seed: 6)
    let random = randomTensor([45, 70], seed: 7)
    for (type, w) in [
      (FloatType.float16, random.map { Float(Float16($0)) }),
      (.bfloat16, random.map { Float(bitPattern: $0.bitPattern & 0xFFFF_0000) }),
    ] {
      let (wide, narrow) = (Tensor(uninitialized: [103, 45]), Tensor(uninitialized: [103, 45]))
      device.product(a.pointer, rows: 103, device.packTransposed(w), into: wide.pointer)
      let packed = device.packTransposed(rowCount: 45, depth: 70, as: type) { w.rows($0) }
      device.product(a.pointer, rows: 103, packed, into: narrow.pointer)
      #expect(wide.array == narrow.array)
    }
  }

  @Test("Every number of 16 bits survives packing: normal, subnormal, infinite", arguments: kinds)
  func narrowNumbers(kind: String) throws {
    let device = try ComputeDevice(threadCount: 2, kernels: kind)
    let one = Tensor(repeating: 1, shape: [1, 1])
    let patterns = (UInt16.min...UInt16.max)
    for (type, values) in [
      (FloatType.float16, patterns.map { Float(Float16(bitPattern: $0)) }),
      (.bfloat16, patterns.map { Float(bitPattern: UInt32($0) << 16) }),
    ] {
      // Subnormal float32 numbers, which only bfloat16 has, may be taken for zero by a product.
      let numbers = values.filter { !$0.isNaN && !$0.isSubnormal }
      let products = Tensor(uninitialized: [1, numbers.count])
      let column = Tensor(numbers, shape: [numbers.count, 1])
      let packed = device.packTransposed(rowCount: numbers.count, depth: 1, as: type) { column.rows($0) }
      device.product(one.pointer, rows: 1, packed, into: products.pointer)
      #expect(products.array == numbers)
    }
  }

  @Test("A causal convolution equals its definition", arguments: kinds)
  func convolution(kind: String) throws {
    let device = try ComputeDevice(threadCount: 2, kernels: kind)
    let cases: [(kernel: (Int, Int, Int), stride: (t: Int, h: Int, w: Int))] = [
      ((3, 3, 3), (1, 1, 1)), ((3, 3, 3), (2, 2, 2)), ((1, 3, 3), (1, 2, 2)), ((1, 1, 1), (1, 1, 1)),
    ]
    for (kernel, stride) in cases {
      let x = randomTensor([2, 5, 6, 8, 3], seed: 6)
      let weight = randomTensor([18, 3, kernel.0, kernel.1, kernel.2], seed: 7)
      let bias = randomTensor([18], seed: 8)
      for past in [ConvolutionPast.zeros, .firstFrame] {
        let y = device.convolve(
          x, weightShape: weight.shape, packed: device.packConvolution(weight), bias: bias, stride: stride, past: past)
        let expected = plainConvolution(x, weight, bias, stride: stride, past: past)
        #expect(y.shape == expected.shape)
        #expect(largestDifference(y, expected) <= 1e-4)
      }
    }
  }

  /// What windows along one axis cover, and how many there are, written out for each kind of padding.
  private static var windowCases: [(padding: WindowPadding, starts: (Int, Int, Int) -> [Int])] {
    [
      (.none, { n, k, s in Array(stride(from: 0, through: n - k, by: s)) }),
      (.half, halfStarts), (.same, sameStarts),
    ]
  }

  /// PyTorch's padding of (k − 1)/2 on both sides.
  private static func halfStarts(_ n: Int, _ k: Int, _ s: Int) -> [Int] {
    let padding = (k - 1) / 2
    return Array(stride(from: -padding, through: n + padding - k, by: s))
  }

  /// TensorFlow's SAME: by the rest of the size, the smaller half in front.
  private static func sameStarts(_ n: Int, _ k: Int, _ s: Int) -> [Int] {
    let total = max(0, n % s == 0 ? k - s : k - n % s)
    return (0..<(n + s - 1) / s).map { (index: Int) -> Int in index * s - total / 2 }
  }

  @Test("Convolutions and poolings that are not causal equal their definitions under every padding", arguments: kinds)
  func windows(kind: String) throws {
    let device = try ComputeDevice(threadCount: 2, kernels: kind)
    let shapes: [(kernel: [Int], stride: (t: Int, h: Int, w: Int))] = [
      ([3, 3, 3], (1, 1, 1)), ([3, 3, 3], (2, 2, 2)), ([2, 2, 2], (2, 2, 2)), ([1, 1, 5], (1, 1, 1)),
      ([1, 3, 1], (1, 2, 2)), ([5, 5, 5], (2, 2, 2)),
    ]
    let size = [5, 7, 6]
    let x = randomTensor([2] + size + [3], seed: 21)
    for (kernel, stride) in shapes {
      let weight = randomTensor([4, 3] + kernel, seed: 22)
      let bias = randomTensor([4], seed: 23)
      let taps = kernel.reduce(1, *)
      for (padding, starts) in Self.windowCases {
        let strides = [stride.t, stride.h, stride.w]
        let places = (0..<3).map { (axis: Int) -> [Int] in starts(size[axis], kernel[axis], strides[axis]) }
        let y = device.convolve(
          x, weightShape: weight.shape, packed: device.packConvolution(weight), bias: bias, stride: stride,
          padding: padding)
        let largest = device.pool(
          x, .maximum, kernel: (kernel[0], kernel[1], kernel[2]), stride: stride, padding: padding)
        let mean = device.pool(x, .mean, kernel: (kernel[0], kernel[1], kernel[2]), stride: stride, padding: padding)
        #expect(y.shape == [2] + places.map(\.count) + [4])
        #expect(mean.shape == [2] + places.map(\.count) + [3])
        var pixel = 0
        for item in 0..<2 {
          forEachPlace(places) { t, h, w in
            let window = covered(x[item], size, kernel, (t, h, w))
            for output in 0..<4 {
              var sum = bias.array[output]
              for tap in window {
                for channel in 0..<3 {
                  sum += tap.values[channel] * weight.array[(output * 3 + channel) * taps + tap.index]
                }
              }
              #expect(abs(sum - y.array[pixel * 4 + output]) < 1e-4, "\(kernel) \(stride) \(padding)")
            }
            for channel in 0..<3 {
              let values = window.map { $0.values[channel] }
              #expect(largest.array[pixel * 3 + channel] == values.max())
              let expected = values.reduce(0, +) / Float(values.count)
              #expect(abs(mean.array[pixel * 3 + channel] - expected) < 1e-5)
            }
            pixel += 1
          }
        }
      }
    }
  }

  private func forEachPlace(_ places: [[Int]], _ body: (Int, Int, Int) -> Void) {
    for t in places[0] { for h in places[1] { for w in places[2] { body(t, h, w) } } }
  }

  /// The pixels of x [T, H, W, 3] in a window, each with its tap's number in the kernel.
  private func covered(
    _ x: Tensor, _ size: [Int], _ kernel: [Int], _ start: (Int, Int, Int)
  ) -> [(index: Int, values: [Float])] {
    (0..<kernel.reduce(1, *)).compactMap { index in
      let t = start.0 + index / (kernel[1] * kernel[2])
      let h = start.1 + index / kernel[2] % kernel[1]
      let w = start.2 + index % kernel[2]
      guard 0..<size[0] ~= t, 0..<size[1] ~= h, 0..<size[2] ~= w else { return nil }
      return (index, x[t][h][w].array)
    }
  }

  @Test("A convolution in chunks with kept frames gives the same bits as the whole", arguments: kinds)
  func streaming(kind: String) throws {
    let device = try ComputeDevice(threadCount: 2, kernels: kind)
    let x = randomTensor([1, 5, 4, 4, 3], seed: 9)
    let weight = randomTensor([4, 3, 3, 3, 3], seed: 10)
    let bias = randomTensor([4], seed: 11)
    func run(_ x: Tensor, _ past: ConvolutionPast) -> Tensor {
      device.convolve(
        x, weightShape: weight.shape, packed: device.packConvolution(weight), bias: bias, stride: (1, 1, 1), past: past)
    }
    let frames = x[0]
    func part(_ range: Range<Int>) -> Tensor { frames.rows(range).reshaped([1, range.count, 4, 4, 3]) }
    let whole = run(x, .zeros)
    let chunks = run(part(0..<3), .zeros).array + run(part(3..<5), .frames(part(1..<3))).array
    #expect(whole.array == chunks)
  }

  @Test("Every frame's group norm is its own and equals its definition", arguments: kinds)
  func groupNorm(kind: String) throws {
    let device = try ComputeDevice(threadCount: 2, kernels: kind)
    let x = randomTensor([1, 3, 4, 5, 6], seed: 12)
    let (weight, bias) = (randomTensor([6], seed: 13), randomTensor([6], seed: 14))
    let y = device.groupNorm(x, weight: weight, bias: bias, groups: 2, silu: true).y
    for frame in 0..<3 {
      for group in 0..<2 {
        let indices = (0..<20).flatMap { p in (0..<3).map { frame * 120 + p * 6 + group * 3 + $0 } }
        let values = indices.map { Double(x.array[$0]) }
        let mean = values.reduce(0, +) / 60
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 60
        for index in indices {
          let channel = index % 6
          let normal = (Double(x.array[index]) - mean) / (variance + 1e-6).squareRoot()
          let z = normal * Double(weight.array[channel]) + Double(bias.array[channel])
          #expect(abs(Double(y.array[index]) - z / (1 + exponential(-z))) <= 2e-6)
        }
      }
    }
  }

  @Test("A frame normalised by itself has the bits that it has in its clip", arguments: kinds)
  func groupNormOfFrame(kind: String) throws {
    let device = try ComputeDevice(threadCount: 3, kernels: kind)
    let x = randomTensor([1, 2, 7, 5, 6], seed: 15)
    let (weight, bias) = (randomTensor([6], seed: 16), randomTensor([6], seed: 17))
    let clip = device.groupNorm(x, weight: weight, bias: bias, groups: 2, silu: true).y
    for frame in 0..<2 {
      let alone = device.groupNormSiLU(frame: x[0][frame], weight: weight, bias: bias, groups: 2)
      #expect(alone.array == clip[0][frame].array)
    }
  }

  @Test("A band of a convolution's rows has the bits of the whole", arguments: kinds)
  func convolutionInBands(kind: String) throws {
    let device = try ComputeDevice(threadCount: 2, kernels: kind)
    for kernel in [[3, 3, 3], [1, 1, 1], [1, 3, 3]] {
      let x = randomTensor([1, 4, 9, 5, 3], seed: 18)
      let weight = randomTensor([7, 3] + kernel, seed: 19)
      let bias = randomTensor([7], seed: 20)
      let packed = device.packConvolution(weight)
      let whole = device.convolve(
        x, weightShape: weight.shape, packed: packed, bias: bias, stride: (1, 1, 1), past: .zeros)
      for (frame, rows) in [(0, 0..<9), (1, 0..<4), (2, 4..<8), (3, 8..<9)] {
        let before = (0..<(kernel[0] - 1)).map { frame - kernel[0] + 1 + $0 }.map { $0 < 0 ? nil : x[0][$0] }
        let band = Tensor(uninitialized: [rows.count, 5, 7])
        device.convolve(
          frames: before + [x[0][frame]], rows: rows, weightShape: weight.shape, packed: packed, bias: bias,
          into: band.pointer)
        #expect(band.array == whole[0][frame].rows(rows).array, "kernel \(kernel), frame \(frame), rows \(rows)")
      }
    }
  }

  @Test("A thread pool runs every task once and can be used again at once")
  func pool() {
    let device = ComputeDevice(threadCount: 3)
    for round in 1...200 {
      let counts = Tensor(zeros: [round])
      device.parallel(round) { task, _ in counts.pointer[task] += 1 }
      #expect(counts.array.allSatisfy { $0 == 1 })
    }
  }

  @Test("Several callers may use a device at once, and each gets what it would get alone")
  func callersAtOnce() async {
    let device = ComputeDevice(threadCount: 2)
    func product(seed: UInt64) -> [Float] {
      let (a, w) = (randomTensor([300, 64], seed: seed), randomTensor([96, 64], seed: seed + 100))
      let c = Tensor(zeros: [300, 96])
      device.product(a.pointer, rows: 300, device.packTransposed(w), into: c.pointer)
      return withExtendedLifetime(a) { c.array }
    }
    let alone = (0..<4).map { product(seed: UInt64($0)) }
    let wrong = await withTaskGroup(of: Int.self) { group in
      for caller in 0..<4 {
        group.addTask { (0..<200).count { _ in product(seed: UInt64(caller)) != alone[caller] } }
      }
      return await group.reduce(0, +)
    }
    #expect(wrong == 0, "\(wrong) of 800 products differ")
  }

  @Test("Kernels that this processor cannot run are refused with a reason")
  func unknownKernels() {
    #expect(throws: KernelsError.self) { try ComputeDevice(threadCount: 1, kernels: "z80") }
  }

  /// e^x by its series, halving the argument; for |x| < 40.
  private func exponential(_ x: Double) -> Double {
    var (term, sum) = (1.0, 1.0)
    for n in 1...30 {
      term *= x / 64 / Double(n)
      sum += term
    }
    for _ in 0..<6 { sum *= sum }
    return sum
  }
}

private func plainConvolution(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor, stride: (t: Int, h: Int, w: Int), past: ConvolutionPast
) -> Tensor {
  let (b, f, h, w, ci) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3], x.shape[4])
  let (co, kt, kh, kw) = (weight.shape[0], weight.shape[2], weight.shape[3], weight.shape[4])
  let (of, oh, ow) = ((f - 1) / stride.t + 1, h / stride.h, w / stride.w)
  let pad = (stride.h == 1 ? (kh - 1) / 2 : 0, stride.w == 1 ? (kw - 1) / 2 : 0)
  let (values, weights) = (x.array, weight.array)
  var y: [Float] = []
  for (item, t, i, j, o) in positions(b, of, oh, ow, co) {
    var sum = Double(bias.array[o])
    for (dt, dy, dx, c) in taps(kt, kh, kw, ci) {
      var frame = t * stride.t + dt - (kt - 1)
      let (row, column) = (i * stride.h + dy - pad.0, j * stride.w + dx - pad.1)
      if case .firstFrame = past { frame = max(frame, 0) }
      if frame < 0 || row < 0 || row >= h || column < 0 || column >= w { continue }
      let pixel = ((item * f + frame) * h + row) * w + column
      let tap = (((o * ci + c) * kt + dt) * kh + dy) * kw + dx
      sum += Double(values[pixel * ci + c]) * Double(weights[tap])
    }
    y.append(Float(sum))
  }
  return Tensor(y, shape: [b, of, oh, ow, co])
}

private func positions(_ b: Int, _ f: Int, _ h: Int, _ w: Int, _ c: Int) -> [(Int, Int, Int, Int, Int)] {
  (0..<b * f * h * w * c).map { n in (n / c / w / h / f, n / c / w / h % f, n / c / w % h, n / c % w, n % c) }
}

private func taps(_ t: Int, _ h: Int, _ w: Int, _ c: Int) -> [(Int, Int, Int, Int)] {
  (0..<t * h * w * c).map { n in (n / c / w / h, n / c / w % h, n / c % w, n % c) }
}
