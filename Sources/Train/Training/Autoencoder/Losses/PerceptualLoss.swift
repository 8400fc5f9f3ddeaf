import Autograd
import Kernels
import Layers
import Tensors
import Weights

/// The distance of pictures as a network sees them (LPIPS, Zhang et al. 2018), frame by frame: features of each stage,
/// every pixel's divided by their length, squared differences weighted by channel, summed over channels and stages and
/// averaged over pixels.
final class PerceptualLoss {
  /// Convolutions of 3 × 3 with ReLU, at one size; between stages blocks of 2 × 2 pixels become their maximum.
  private struct Stage {
    let convolutions: [(weight: Parameter, bias: Parameter)]
    /// Square roots of the channels' weights.
    let scales: [Float]
  }

  private let stages: [Stage]
  /// The shifts and scales of LPIPS for values in [−1, 1], as a convolution.
  private let normalization: (weight: Parameter, bias: Parameter)

  /// Pixels of a side that every stage needs at least one of.
  var smallestSide: Int { 1 << (stages.count - 1) }

  private init(_ stages: [Stage]) {
    self.stages = stages
    let (shift, scale): ([Float], [Float]) = ([-0.030, -0.088, -0.188], [0.458, 0.448, 0.450])
    let diagonal = Tensor(zeros: [3, 3, 1, 1, 1])
    for channel in 0..<3 { diagonal.pointer[4 * channel] = 1 / scale[channel] }
    normalization = (
      Self.constant("normalization.weight", diagonal),
      Self.constant("normalization.bias", Tensor(zip(shift, scale).map { -$0 / $1 }, shape: [3]))
    )
  }

  private static func constant(_ name: String, _ value: Tensor) -> Parameter {
    let parameter = Parameter(name: name, value: value)
    parameter.isTrainable = false
    return parameter
  }

  /// VGG-16 from a file with torchvision's names, `features.0.weight` … `features.28.bias`, and, for LPIPS itself, the
  /// channels' weights under the lpips package's, `lin0.model.1.weight` [1, C, 1, 1] … `lin4.model.1.weight`; without
  /// them every channel weighs 1.
  ///
  /// - Throws: `WeightsError` if a tensor is missing or of another shape.
  convenience init(vgg path: String) throws {
    let file = try SafetensorsFile(path: path)
    func tensor(_ name: String, _ shape: [Int]) throws -> Tensor {
      let tensor = try file.tensor(name)
      guard tensor.shape == shape else {
        throw WeightsError(
          .wrongShape, "load VGG \"\(path)\": \(name) is \(tensor.shape), expected \(shape); is it VGG-16's file?")
      }
      return tensor
    }
    var inputs = 3
    let layout: [(places: [Int], channels: Int)] = [
      ([0, 2], 64), ([5, 7], 128), ([10, 12, 14], 256), ([17, 19, 21], 512), ([24, 26, 28], 512),
    ]
    let stages = try layout.enumerated().map { index, stage in
      let convolutions = try stage.places.map { place in
        let name = "features.\(place)"
        defer { inputs = stage.channels }
        return (
          Self.constant("\(name).weight", try tensor("\(name).weight", [stage.channels, inputs, 3, 3])),
          Self.constant("\(name).bias", try tensor("\(name).bias", [stage.channels]))
        )
      }
      let name = "lin\(index).model.1.weight"
      let weights = file.contains(name) ? try tensor(name, [1, stage.channels, 1, 1]).array : []
      return Stage(
        convolutions: convolutions,
        scales: weights.isEmpty
          ? [Float](repeating: 1, count: stage.channels) : weights.map { max(0, $0).squareRoot() })
    }
    self.init(stages)
  }

  /// A small network of drawn weights, for those who have no VGG: it sees edges and textures at three sizes, but knows
  /// nothing of objects, and of what people mind.
  convenience init(seed: UInt64) {
    var inputs = 3
    self.init(
      [16, 32, 64].enumerated().map { index, channels in
        let convolutions = (0..<2).map { layer in
          let name = "perceptual.\(index).\(layer)"
          let weight = ParameterSpecification("\(name).weight", [channels, inputs, 3, 3], .heUniform)
          inputs = channels
          return (
            Self.constant(weight.name, weight.draw(seed: seed)),
            Self.constant("\(name).bias", Tensor(zeros: [channels]))
          )
        }
        return Stage(convolutions: convolutions, scales: [Float](repeating: 1, count: channels))
      })
  }

  /// The distance of `output` from `target`, both [B, T, H, W, 3] in [−1, 1]: a scalar.
  func callAsFunction(_ output: Variable, _ target: Tensor, on tape: Tape) -> Variable {
    let silent = Tape(device: tape.device, recording: false)
    let wanted = features(silent.constant(target), on: silent)
    let terms = zip(features(output, on: tape), wanted).map { found, wanted in
      // A mean over channels, too, where a sum over them is meant.
      tape.scale(
        tape.meanSquaredError(found, wanted.value, blockWeights: nil), by: Float(wanted.shape[wanted.shape.count - 1]))
    }
    return terms.dropFirst().reduce(terms[0]) { tape.add($0, $1) }
  }

  private func features(_ pixels: Variable, on tape: Tape) -> [Variable] {
    var x = tape.conv3d(
      pixels, weight: normalization.weight, bias: normalization.bias, stride: (1, 1, 1), past: .zeros)
    var result: [Variable] = []
    for (index, stage) in stages.enumerated() {
      if index > 0 { x = tape.halvingMaximum(x) }
      for (weight, bias) in stage.convolutions {
        x = tape.leakyReLU(tape.conv3d(x, weight: weight, bias: bias, stride: (1, 1, 1), past: .zeros), slope: 0)
      }
      result.append(tape.unitChannels(x, scales: stage.scales))
    }
    return result
  }
}
