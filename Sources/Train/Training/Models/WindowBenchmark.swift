import Autograd
import Foundation
import Kernels
import Layers
import Tensors
import VideoTransformer

/// How much windows save, in the form of the paper's Table 3b: passes of one model under windows of several sizes in
/// space and time, and under full attention.
package struct WindowBenchmark {
  /// One kind of attention.
  package struct Variant {
    package let name: String
    package let configuration: TransformerConfiguration

    var cost: ComputeCost { configuration.parts(textTokens: 1).cost }
  }

  /// Windows first, full attention last.
  package let variants: [Variant]

  /// - Parameters:
  ///   - path: the configuration that is varied: a `config.json` or its folder.
  ///   - layers: how many layers, even.
  /// - Throws: `WeightsError`, and `TrainingError` for a model that is not a class-conditional or unconditional one of
  ///   videos.
  package init(model path: String, layers: Int) throws {
    guard case .denoiser(var base) = try ModelConfiguration(path: path), base.frames > 1, !base.hasText,
      !base.isUpsampler
    else {
      throw TrainingError(
        .model, "compare windows of \"\(path)\": it is no denoiser of videos without text; choose one as ucf-L-r2")
    }
    base.layers = layers
    self.init(base)
  }

  package init(_ base: TransformerConfiguration) {
    let frame = base.tokenSize
    var full = base
    (full.hasFullAttention, full.spatiotemporalWindow) = (true, frame)
    let windows = [4, 2, 1].filter { frame.height % $0 == 0 && frame.width % $0 == 0 }.map { share in
      var variant = base
      variant.spatiotemporalWindow = .init(frame.height / share, frame.width / share)
      let window = variant.spatiotemporalWindow
      return Variant(name: "\(base.frames)×\(window.height)×\(window.width)", configuration: variant)
    }
    variants = windows + [Variant(name: "full", configuration: full)]
  }

  /// Seconds of a pass for each variant: the median of `passes`, taken in turns after one that warms up.
  package func run(passes: Int, on device: ComputeDevice) -> Report {
    let models = variants.map { VideoTransformer(configuration: $0.configuration, seed: 1) }
    let inputs = variants.map { variant in
      let shape = [1] + variant.configuration.latentShape
      return DenoiserInput(
        latents: NoiseStream(seed: 1, purpose: .initialNoise).normals(shape: shape),
        conditionOfItem: [DenoiserCondition(timestep: 500)])
    }
    var seconds = variants.map { _ in [Double]() }
    for pass in 0...passes {
      for index in variants.indices {
        let begun = ContinuousClock.now
        _ = models[index](inputs[index], text: nil, on: Tape(device: device, recording: false))
        if pass > 0 { seconds[index].append((ContinuousClock.now - begun) / .seconds(1)) }
      }
    }
    return Report(variants: variants, seconds: seconds.map { $0.sorted()[$0.count / 2] })
  }
}

extension WindowBenchmark {
  /// The table.
  package struct Report {
    let variants: [Variant]
    let seconds: [Double]

    package var markdown: String {
      let full = variants.count - 1
      let rows = variants.indices.map { index in
        let (cost, fullCost) = (variants[index].cost, variants[full].cost)
        let values = [
          1 / seconds[index], seconds[full] / seconds[index], Double(fullCost.operations) / Double(cost.operations),
          Double(fullCost.byteCount) / Double(cost.byteCount),
        ]
        let figures = values.map { String(format: "%.3g", $0) }.joined(separator: " | ")
        return "| \(variants[index].name) | \(figures) |"
      }
      return """
        | window | passes a second | relative to full | predicted by operations | predicted by bytes |
        | --- | ---: | ---: | ---: | ---: |
        \(rows.joined(separator: "\n"))
        """
    }
  }
}

extension TransformerConfiguration {
  /// The latents of a video, [F, h, w, c].
  fileprivate var latentShape: [Int] { [frames, size.height, size.width, channels] }
}
