import DurableFiles
import Foundation
import Kernels
import MediaIO
import Tensors
import Testing
import Weights

@testable import Evaluation

/// Numbers of PyTorch, SciPy and scikit-image for weights and inputs that both sides draw (Fixtures/make_goldens.py).
private struct Golden: Decodable {
  let inception: [[Float]]
  let inceptionResized: [[Float]]
  let inceptionLogits: [[Float]]
  let i3d: [[Float]]
  let frechet: Double
  let frechetSingular: Double
  let inceptionScore: [Double]
  let ssim: Double

  static let shared = Result {
    let file = try #require(Bundle.module.url(forResource: "Fixtures/features", withExtension: "json"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Golden.self, from: Data(contentsOf: file))
  }
}

/// Uniforms that follow from a name.
private func uniforms(_ name: String, _ shape: [Int], _ low: Double, _ high: Double) -> Tensor {
  let hash = name.utf8.reduce(UInt32(0x811C_9DC5)) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
  return NoiseStream(seed: 0, purpose: .initialWeights, item: hash).uniforms(shape: shape, low: low, high: high)
}

/// Writes a network's file of drawn weights.
private struct DrawnNetwork {
  let convolution: String
  private var document = SafetensorsDocument()

  init(convolution: String) { self.convolution = convolution }

  mutating func add(_ name: String, _ shape: [Int]) {
    let isGain = name.hasSuffix("running_var") || (name.hasSuffix("weight") && name.contains(".bn."))
    let bound = shape.count == 1 ? 0.2 : (6 / Double(shape.dropFirst().reduce(1, *))).squareRoot()
    document.add(name, isGain ? uniforms(name, shape, 0.5, 1.5) : uniforms(name, shape, -bound, bound))
  }

  /// A convolution and its normalisation; returns its outputs.
  @discardableResult
  mutating func layer(_ name: String, _ inputs: Int, _ outputs: Int, _ kernel: [Int]) -> Int {
    add("\(name).\(convolution).weight", [outputs, inputs] + kernel)
    for part in ["weight", "bias", "running_mean", "running_var"] { add("\(name).bn.\(part)", [outputs]) }
    return outputs
  }

  func write(to path: String) throws { try document.write(to: path) }
}

/// Inception-v3's layers: names, channels, kernels.
private func writeInception(to path: String) throws {
  var file = DrawnNetwork(convolution: "conv")
  func block(_ name: String, _ layers: [(String, Int, Int, [Int])]) {
    for (part, inputs, outputs, kernel) in layers { file.layer("\(name).\(part)", inputs, outputs, kernel) }
  }
  let (one, three) = ([1, 1], [3, 3])
  for (name, inputs, outputs, kernel) in [
    ("Conv2d_1a_3x3", 3, 32, three), ("Conv2d_2a_3x3", 32, 32, three), ("Conv2d_2b_3x3", 32, 64, three),
    ("Conv2d_3b_1x1", 64, 80, one), ("Conv2d_4a_3x3", 80, 192, three),
  ] { file.layer(name, inputs, outputs, kernel) }
  for (name, inputs, pool) in [("Mixed_5b", 192, 32), ("Mixed_5c", 256, 64), ("Mixed_5d", 288, 64)] {
    block(
      name,
      [
        ("branch1x1", inputs, 64, one), ("branch5x5_1", inputs, 48, one), ("branch5x5_2", 48, 64, [5, 5]),
        ("branch3x3dbl_1", inputs, 64, one), ("branch3x3dbl_2", 64, 96, three), ("branch3x3dbl_3", 96, 96, three),
        ("branch_pool", inputs, pool, one),
      ])
  }
  block(
    "Mixed_6a",
    [
      ("branch3x3", 288, 384, three), ("branch3x3dbl_1", 288, 64, one), ("branch3x3dbl_2", 64, 96, three),
      ("branch3x3dbl_3", 96, 96, three),
    ])
  for (name, c) in [("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)] {
    block(
      name,
      [
        ("branch1x1", 768, 192, one), ("branch7x7_1", 768, c, one), ("branch7x7_2", c, c, [1, 7]),
        ("branch7x7_3", c, 192, [7, 1]), ("branch7x7dbl_1", 768, c, one), ("branch7x7dbl_2", c, c, [7, 1]),
        ("branch7x7dbl_3", c, c, [1, 7]), ("branch7x7dbl_4", c, c, [7, 1]), ("branch7x7dbl_5", c, 192, [1, 7]),
        ("branch_pool", 768, 192, one),
      ])
  }
  block(
    "Mixed_7a",
    [
      ("branch3x3_1", 768, 192, one), ("branch3x3_2", 192, 320, three), ("branch7x7x3_1", 768, 192, one),
      ("branch7x7x3_2", 192, 192, [1, 7]), ("branch7x7x3_3", 192, 192, [7, 1]), ("branch7x7x3_4", 192, 192, three),
    ])
  for (name, inputs) in [("Mixed_7b", 1280), ("Mixed_7c", 2048)] {
    block(
      name,
      [
        ("branch1x1", inputs, 320, one), ("branch3x3_1", inputs, 384, one), ("branch3x3_2a", 384, 384, [1, 3]),
        ("branch3x3_2b", 384, 384, [3, 1]), ("branch3x3dbl_1", inputs, 448, one), ("branch3x3dbl_2", 448, 384, three),
        ("branch3x3dbl_3a", 384, 384, [1, 3]), ("branch3x3dbl_3b", 384, 384, [3, 1]), ("branch_pool", inputs, 192, one),
      ])
  }
  file.add("fc.weight", [1008, 2048])
  try file.write(to: path)
}

/// I3D's layers; of each mixed block the widths of b0, b1a, b1b, b2a, b2b, b3b.
private func writeI3D(to path: String) throws {
  var file = DrawnNetwork(convolution: "conv3d")
  let (one, three) = ([1, 1, 1], [3, 3, 3])
  file.layer("Conv3d_1a_7x7", 3, 64, [7, 7, 7])
  file.layer("Conv3d_2b_1x1", 64, 64, one)
  var inputs = file.layer("Conv3d_2c_3x3", 64, 192, three)
  let blocks: [(String, [Int])] = [
    ("3b", [64, 96, 128, 16, 32, 32]), ("3c", [128, 128, 192, 32, 96, 64]), ("4b", [192, 96, 208, 16, 48, 64]),
    ("4c", [160, 112, 224, 24, 64, 64]), ("4d", [128, 128, 256, 24, 64, 64]), ("4e", [112, 144, 288, 32, 64, 64]),
    ("4f", [256, 160, 320, 32, 128, 128]), ("5b", [256, 160, 320, 32, 128, 128]),
    ("5c", [384, 192, 384, 48, 128, 128]),
  ]
  for (name, widths) in blocks {
    let block = "Mixed_\(name)"
    file.layer("\(block).b0", inputs, widths[0], one)
    file.layer("\(block).b1a", inputs, widths[1], one)
    file.layer("\(block).b1b", widths[1], widths[2], three)
    file.layer("\(block).b2a", inputs, widths[3], one)
    file.layer("\(block).b2b", widths[3], widths[4], three)
    file.layer("\(block).b3b", inputs, widths[5], one)
    inputs = widths[0] + widths[2] + widths[4] + widths[5]
  }
  file.add("logits.conv3d.weight", [400, 1024, 1, 1, 1])
  file.add("logits.conv3d.bias", [400])
  try file.write(to: path)
}

struct FeatureTests {
  private let device = ComputeDevice(threadCount: 2)

  private func withFile(_ body: (String) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "walt-features-\(UUID().uuidString).safetensors"
    defer { _ = try? DurableFile.remove(path) }
    try body(path)
  }

  /// Every `step`-th of a row, compared to three digits of the row's largest.
  private func expect(_ found: Tensor, _ expected: [[Float]], step: Int) {
    for (row, wanted) in expected.enumerated() {
      let values = found[row].array
      let largest = wanted.map(abs).max() ?? 0
      #expect(largest > 0.1)
      for (index, value) in wanted.enumerated() {
        #expect(abs(values[index * step] - value) < 1e-3 * largest, "row \(row), feature \(index * step)")
      }
    }
  }

  @Test("Inception-v3 gives what the PyTorch network gives, resizing and logits too")
  func inception() throws {
    let golden = try Golden.shared.get()
    try withFile { path in
      try writeInception(to: path)
      let network = try InceptionV3(path: path, on: device)
      let pictures = uniforms("pictures", [2, 91, 83, 3], -1, 1)
      expect(try network.body(pictures.reshaped([2, 1, 91, 83, 3])), golden.inception, step: 64)
      let part = Tensor(uninitialized: [1, 40, 36, 3])
      for row in 0..<40 {
        (part.pointer + row * 36 * 3).update(from: pictures.pointer + row * 83 * 3, count: 36 * 3)
      }
      let features = try network.features(part)
      expect(features, golden.inceptionResized, step: 64)
      expect(try network.logits(features), golden.inceptionLogits, step: 32)
    }
  }

  @Test("I3D gives what the PyTorch network gives")
  func i3d() throws {
    let golden = try Golden.shared.get()
    try withFile { path in
      try writeI3D(to: path)
      let network = try I3D(path: path, on: device)
      expect(try network.body(uniforms("clips", [2, 17, 64, 48, 3], -1, 1)), golden.i3d, step: 10)
    }
  }

  @Test("a file of another network is refused with the name of what it lacks")
  func refusesOtherFiles() throws {
    try withFile { path in
      var file = DrawnNetwork(convolution: "conv")
      file.layer("Conv2d_1a_3x3", 3, 32, [3, 3])
      try file.write(to: path)
      let pixels = Tensor(zeros: [1, 1, 80, 80, 3])
      let error = #expect(throws: WeightsError.self) { try InceptionV3(path: path, on: device).body(pixels) }
      #expect(error?.code == .missingTensor && "\(error as Any)".contains("Conv2d_2a_3x3"))
      #expect(throws: WeightsError.self) { try I3D(path: path, on: device) }
    }
  }

  @Test("the Fréchet distance is SciPy's, of singular covariances too")
  func frechet() throws {
    let golden = try Golden.shared.get()
    let (rows, mix) = (uniforms("rows", [120, 6], -1, 1), uniforms("mix", [6, 6], -1, 1))
    let first = Tensor(uninitialized: [50, 6])
    for row in 0..<50 {
      for column in 0..<6 {
        var sum: Float = 0
        for index in 0..<6 { sum += rows.pointer[row * 6 + index] * mix.pointer[index * 6 + column] }
        first.pointer[row * 6 + column] = sum
      }
    }
    var (a, b) = (GaussianFit(dimension: 6), GaussianFit(dimension: 6))
    // In parts, as batches come.
    a.add(first.rows(0..<20))
    a.add(first.rows(20..<50))
    b.add(rows.rows(50..<120).map { $0 + 0.3 })
    #expect(abs(try FrechetDistance.between(a, b) - golden.frechet) < 1e-5 * golden.frechet)
    #expect(abs(try FrechetDistance.between(a, a)) < 1e-9)
    let wide = uniforms("wide", [14, 20], -1, 1)
    var (c, d) = (GaussianFit(dimension: 20), GaussianFit(dimension: 20))
    c.add(wide.rows(0..<7))
    d.add(wide.rows(7..<14))
    // SciPy's square root of a singular matrix is itself good to a few digits.
    #expect(abs(try FrechetDistance.between(c, d) - golden.frechetSingular) < 1e-3 * golden.frechetSingular)
    #expect { try FrechetDistance.between(c, GaussianFit(dimension: 20)) } throws: {
      ($0 as? EvaluationError)?.code == .tooFew
    }
  }

  @Test("the Inception Score is that of its definition, split by split")
  func inceptionScore() throws {
    let golden = try Golden.shared.get()
    let score = try InceptionScore(logits: uniforms("logits", [30, 12], -3, 3), splitSize: 10)
    #expect(abs(score.mean - golden.inceptionScore[0]) < 1e-6)
    #expect(abs(score.standardDeviation - golden.inceptionScore[1]) < 1e-6)
    // One sample tells nothing of the others: every class is as likely as in itself.
    #expect(abs(try InceptionScore(logits: uniforms("logits", [1, 12], -3, 3), splitSize: 10).mean - 1) < 1e-9)
  }

  @Test("SSIM is scikit-image's, and 1 for equal pictures")
  func ssim() throws {
    let golden = try Golden.shared.get()
    let x = uniforms("x", [24, 30, 3], 0, 255).array.map { UInt8($0) }
    let noise = uniforms("y", [24, 30, 3], -30, 30).array
    let y = zip(x, noise).map { (value: UInt8, shift: Float) -> UInt8 in
      UInt8(min(255, max(0, Int(value) / 2 + 40 + Int(shift))))
    }
    func picture(_ bytes: [UInt8]) -> RGBFrames { RGBFrames(width: 30, height: 24, frameCount: 1, bytes: bytes) }
    #expect(abs(SSIM.mean(picture(x), picture(y)) - golden.ssim) < 1e-9)
    #expect(SSIM.mean(picture(x), picture(x)) == 1)
  }

  @Test("samples of a data set are drawn by the seed, and too many are refused")
  func samples() throws {
    let folder = NSTemporaryDirectory() + "walt-samples-\(UUID().uuidString)"
    try DurableFile.makeFolder(folder + "/data")
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for index in 0..<6 {
      let picture = RGBFrames(
        width: 16, height: 16, frameCount: 1, bytes: [UInt8](repeating: UInt8(index), count: 16 * 16 * 3))
      try PNGFile.write(picture, to: folder + "/data/\(index).png")
    }
    func brightness(count: Int?, seed: UInt64) throws -> [Float] {
      var options = SampleSet.Options(
        medium: .image, frameCount: 1, side: 16, count: count, cacheFolder: folder + "/cache")
      options.seed = seed
      var result: [Float] = []
      try SampleSet(path: folder + "/data", options).forEachBatch(of: 4) { batch in
        for item in 0..<batch.shape[0] {
          let value: Float = batch[item].array[0]
          result.append(((value + 1) * 127.5).rounded())
        }
      }
      return result
    }
    #expect(try brightness(count: nil, seed: 0) == [0, 1, 2, 3, 4, 5])
    #expect(try brightness(count: 3, seed: 1) == brightness(count: 3, seed: 1))
    let draws = try (0..<20).map { try brightness(count: 3, seed: $0) }
    #expect(Set(draws).count > 5)
    #expect { try brightness(count: 7, seed: 0) } throws: { ($0 as? EvaluationError)?.code == .tooFew }
  }
}
