import Layers
import Tensors

/// One convolution of an autoencoder on a clip.
private struct ClipConvolution {
  /// Of its weight.
  let name: String
  let inputs: Int
  let outputs: Int
  let kernel: (t: Int, h: Int, w: Int)
  /// Of the input.
  let frames: Int
  let positions: Int
  /// Of the output.
  let outputFrames: Int
  let outputPositions: Int

  var cost: ComputeCost {
    .convolution(
      positions: outputFrames * outputPositions, inputPositions: frames * positions,
      taps: kernel.t * kernel.h * kernel.w, in: inputs, out: outputs)
  }

  var isUpsampling: Bool { name.hasSuffix(".up.weight") }

  /// Floats of one frame of its input, and of its output.
  var inputFrameCount: Int { positions * inputs }
  var outputFrameCount: Int { outputPositions * outputs }
}

extension AutoencoderConfiguration {
  /// The model's parts, with the cost of encoding and of decoding a clip of these latents.
  package func parts(latentFrames: Int, height: Int, width: Int) -> [ModelPart] {
    var parts = [ModelPart](specifications) { name in
      name.hasPrefix("latent_") ? "statistics" : String(name.prefix { $0 != "." })
    }
    for convolution in convolutions(latentFrames: latentFrames, height: height, width: width) {
      parts.add(convolution.cost, to: convolution.name.hasPrefix("encoder.") ? "encoder" : "decoder")
    }
    return parts
  }

  /// Bytes of the weights that decoding needs; the encoder's stay in their file.
  package func decoderWeightByteCount(storedAs type: FloatType) -> Int {
    specifications.filter { !$0.name.hasPrefix("encoder.") }.residentByteCount(storedAs: type)
  }

  /// Bytes beside the weights that decoding a clip at once holds at its peak: a block's input, and its convolution's
  /// input (as it is and between zeros) and output.
  package func wholeDecodingByteCount(latentFrames: Int, height: Int, width: Int) -> Int {
    let peaks = decoderConvolutions(latentFrames: latentFrames, height: height, width: width).map { convolution in
      let padded = (convolution.frames + convolution.kernel.t - 1) * convolution.inputFrameCount
      let input = convolution.frames * convolution.inputFrameCount
      let output = convolution.outputFrames * convolution.outputFrameCount
      // An upsampling has no block around it, and its output twice: as channels, then as pixels.
      return convolution.isUpsampling ? input + max(padded, output) + output : 2 * input + padded + output
    }
    return 4 * (peaks.max() ?? 0)
  }

  /// Bytes beside the weights that decoding frame by frame holds at its peak: two frames for each convolution that
  /// looks back, and, where the most is alive, a block's input, a convolution's input and output and a band.
  package func frameByFrameDecodingByteCount(height: Int, width: Int, bandByteCount: Int) -> Int {
    let convolutions = decoderConvolutions(latentFrames: 1, height: height, width: width)
    let remembered = convolutions.reduce(0) { $0 + ($1.kernel.t - 1) * $1.inputFrameCount }
    let alive = convolutions.map { 2 * $0.inputFrameCount + $0.outputFrameCount }.max() ?? 0
    return 4 * (remembered + alive) + 2 * bandByteCount
  }

  /// Bytes beside the weights that `VideoAutoencoder.decode(_:on:activationLimit:)` holds at its peak under the limit
  /// that it has unless told otherwise.
  package func decodingByteCount(latentFrames: Int, height: Int, width: Int) -> Int {
    let whole = wholeDecodingByteCount(latentFrames: latentFrames, height: height, width: width)
    if whole <= VideoAutoencoder.activationLimit { return whole }
    return frameByFrameDecodingByteCount(
      height: height, width: width, bandByteCount: VideoAutoencoder.bandByteCount)
  }

  private func decoderConvolutions(latentFrames: Int, height: Int, width: Int) -> [ClipConvolution] {
    convolutions(latentFrames: latentFrames, height: height, width: width).filter { $0.name.hasPrefix("decoder.") }
  }

  /// Every convolution, where it stands on a clip of latents [latentFrames, height, width].
  private func convolutions(latentFrames: Int, height: Int, width: Int) -> [ClipConvolution] {
    func frames(_ level: Int) -> Int {
      temporalDown[level...].reduce(latentFrames) { $1 ? 2 * $0 - 1 : $0 }
    }
    func positions(_ level: Int) -> Int { (height * width) << (2 * (levels - 1 - level)) }
    return specifications.filter { $0.shape.count == 5 }.map { weight in
      let name = weight.name
      let level = self.level(of: name)
      let below = name.hasSuffix(".down.weight") ? level + 1 : level
      return ClipConvolution(
        name: name, inputs: weight.shape[1], outputs: weight.shape[0],
        kernel: (weight.shape[2], weight.shape[3], weight.shape[4]), frames: frames(level),
        positions: positions(level), outputFrames: frames(below), outputPositions: positions(below))
    }
  }

  /// The level at whose resolution a weight's layer reads.
  private func level(of weight: String) -> Int {
    let parts = weight.split(separator: ".")
    if parts[1] == "levels", let level = Int(parts[2]) { return level }
    let isFinest = weight.hasPrefix("encoder.conv_in") || weight.hasPrefix("decoder.conv_out")
    return isFinest ? 0 : levels - 1
  }
}
