import Kernels
import Tensors
import Weights

/// The layers that a feature network's file holds: convolutions with their batch normalisation, found by name.
///
/// Names are those of the PyTorch modules; a normalisation uses its running statistics, eps 1e-3.
struct FeatureLayers {
  /// A convolution into which its normalisation is folded, then ReLU.
  private struct Layer {
    let shape: [Int]
    let packed: PackedMatrix
    let bias: Tensor
  }

  private let file: SafetensorsFile
  private let device: ComputeDevice
  private var layers: [String: Layer] = [:]

  /// - Parameter convolution: what the convolution of a layer is called: NAME.`convolution`.weight beside NAME.bn.….
  init(path: String, convolution: String, on device: ComputeDevice) throws {
    file = try SafetensorsFile(path: path)
    self.device = device
    let suffix = ".\(convolution).weight"
    for name in file.names where name.hasSuffix(suffix) {
      let layer = String(name.dropLast(suffix.count))
      if file.contains(layer + ".bn.running_mean") { layers[layer] = try fold(layer, weight: name) }
    }
  }

  private func fold(_ name: String, weight: String) throws -> Layer {
    func vector(_ part: String, _ count: Int) throws -> Tensor { try tensor("\(name).bn.\(part)", [count]) }
    let stored = try file.tensor(weight)
    guard stored.shape.count == 4 || stored.shape.count == 5 else {
      throw wrongShape(weight, stored.shape, "4 or 5 axes")
    }
    // A convolution of pictures is one of clips whose kernel has one frame.
    let shape = stored.shape.count == 5 ? stored.shape : Array(stored.shape[..<2]) + [1] + Array(stored.shape[2...])
    let outputs = shape[0]
    let (gain, shift) = (try vector("weight", outputs), try vector("bias", outputs))
    let (mean, variance) = (try vector("running_mean", outputs), try vector("running_var", outputs))
    let (folded, bias) = (Tensor(uninitialized: shape), Tensor(uninitialized: [outputs]))
    let size = folded.count / outputs
    for output in 0..<outputs {
      let scale = gain.pointer[output] / (variance.pointer[output] + 1e-3).squareRoot()
      bias.pointer[output] = shift.pointer[output] - mean.pointer[output] * scale
      for index in output * size..<(output + 1) * size { folded.pointer[index] = stored.pointer[index] * scale }
    }
    return Layer(shape: shape, packed: device.packConvolution(folded), bias: bias)
  }

  func shape(of name: String) throws -> [Int] { try file.shape(of: name) }

  /// A tensor that must have this shape.
  func tensor(_ name: String, _ shape: [Int]) throws -> Tensor {
    let tensor = try file.tensor(name)
    guard tensor.shape == shape else { throw wrongShape(name, tensor.shape, "\(shape)") }
    return tensor
  }

  private func wrongShape(_ name: String, _ shape: [Int], _ expected: String) -> WeightsError {
    WeightsError(
      .wrongShape,
      "load features \"\(file.path)\": \(name) is \(shape), expected \(expected); is it this network's file?")
  }

  /// The layer `name` on x [B, F, H, W, C].
  ///
  /// - Throws: `WeightsError` if the file has no such layer, or one for other channels.
  func callAsFunction(
    _ name: String, _ x: Tensor, stride: (t: Int, h: Int, w: Int) = (1, 1, 1), padding: WindowPadding
  ) throws -> Tensor {
    guard let layer = layers[name] else {
      throw WeightsError(
        .missingTensor, "load features \"\(file.path)\": it has no layer \"\(name)\"; is it this network's file?")
    }
    guard layer.shape[1] == x.shape[4] else {
      throw wrongShape(name, layer.shape, "\(x.shape[4]) input channels")
    }
    let y = device.convolve(
      x, weightShape: layer.shape, packed: layer.packed, bias: layer.bias, stride: stride, padding: padding)
    return device.leakyReLU(y, slope: 0)
  }
}

extension ComputeDevice {
  /// [B, F, H, W, Cᵢ] side by side in channels.
  func joinChannels(_ parts: [Tensor]) -> Tensor {
    let channels = parts.map { $0.shape[4] }
    let total = channels.reduce(0, +)
    let result = Tensor(uninitialized: parts[0].shape.dropLast() + [total])
    parallelRanges(result.count / total, grain: 512) { pixels in
      for pixel in pixels {
        var target = result.pointer + pixel * total
        for (part, count) in zip(parts, channels) {
          target.update(from: part.pointer + pixel * count, count: count)
          target += count
        }
      }
    }
    return withExtendedLifetime(parts) { result }
  }

  /// The mean of each channel over all pixels: x [B, F, H, W, C] → [B, C].
  package func meanOfPixels(_ x: Tensor) -> Tensor {
    let (items, channels) = (x.shape[0], x.shape[4])
    let pixels = x.count / items / channels
    let result = Tensor(uninitialized: [items, channels])
    for item in 0..<items {
      var sums = [Double](repeating: 0, count: channels)
      for pixel in 0..<pixels {
        for channel in 0..<channels { sums[channel] += Double(x.pointer[(item * pixels + pixel) * channels + channel]) }
      }
      for channel in 0..<channels { result.pointer[item * channels + channel] = Float(sums[channel] / Double(pixels)) }
    }
    return withExtendedLifetime(x) { result }
  }

  /// Bilinear, half-pixel centres, edges clamped, no antialias: x [B, F, H, W, C] → [B, F, height, width, C].
  func resizeBilinear(_ x: Tensor, height: Int, width: Int) -> Tensor {
    let (sourceHeight, sourceWidth, channels) = (x.shape[2], x.shape[3], x.shape[4])
    if (sourceHeight, sourceWidth) == (height, width) { return x }
    func taps(_ index: Int, _ count: Int, _ source: Int) -> (first: Int, second: Int, weight: Float) {
      let place = min(max((Float(index) + 0.5) * Float(source) / Float(count) - 0.5, 0), Float(source - 1))
      let first = Int(place)
      return (first, min(first + 1, source - 1), place - Float(first))
    }
    let columns = (0..<width).map { taps($0, width, sourceWidth) }
    let result = Tensor(uninitialized: [x.shape[0], x.shape[1], height, width, channels])
    parallel(x.shape[0] * x.shape[1] * height) { task, _ in
      let row = taps(task % height, height, sourceHeight)
      let frame = x.pointer + task / height * sourceHeight * sourceWidth * channels
      let (upper, lower) = (frame + row.first * sourceWidth * channels, frame + row.second * sourceWidth * channels)
      var target = result.pointer + task * width * channels
      for column in columns {
        for channel in 0..<channels {
          let (left, right) = (column.first * channels + channel, column.second * channels + channel)
          let above = upper[left] + (upper[right] - upper[left]) * column.weight
          let below = lower[left] + (lower[right] - lower[left]) * column.weight
          target[channel] = above + (below - above) * row.weight
        }
        target += channels
      }
    }
    return withExtendedLifetime(x) { result }
  }
}
