import Autograd
import Foundation
import Layers
import Tensors

/// The denoiser: a transformer on latent tokens whose attention alternates between windows in space and windows in
/// space and time (§4.2, §4.3).
///
/// Used from one thread at a time.
package final class VideoTransformer {
  package let configuration: TransformerConfiguration
  package let store: ParameterStore
  package let embedding: TokenEmbedding
  package let conditioning: ConditioningVector
  package let layers: [TransformerLayer]
  package let output: OutputHead
  private let textProjection: TextProjection?
  private let sharedModulation: Linear?
  /// Whether training computes each layer again in the backward pass instead of keeping what happens inside: the memory
  /// of one layer instead of all, for a third more work.
  package var recomputesLayers = false

  /// - Parameter store: the weights that `configuration.specifications` lists.
  package init(configuration: TransformerConfiguration, store: ParameterStore) {
    self.configuration = configuration
    self.store = store
    embedding = TokenEmbedding(store, configuration)
    conditioning = ConditioningVector(store, configuration)
    layers = (0..<configuration.layers).map { TransformerLayer(store, configuration, layer: $0) }
    output = OutputHead(store)
    textProjection = configuration.hasText ? TextProjection(store, configuration) : nil
    sharedModulation = LayerModulation.shared(store, configuration)
  }

  /// Reads `config.json` and the weights of a model folder.
  package convenience init(folder: URL) throws {
    let configuration = try TransformerConfiguration(contentsOf: folder.appendingPathComponent("config.json"))
    self.init(
      configuration: configuration,
      store: try ParameterStore(folder: folder, specifications: configuration.specifications))
  }

  /// A model to be trained, its weights drawn from `seed`.
  package convenience init(configuration: TransformerConfiguration, seed: UInt64) {
    self.init(
      configuration: configuration,
      store: ParameterStore(initializing: configuration.specifications, seed: seed))
  }

  /// All weights in a fixed order.
  package var parameters: [Parameter] { store.parameters }

  /// Computes what depends on the text alone.
  ///
  /// - Parameters:
  ///   - texts: the encoder's output, all texts' rows one after another without padding, [M, d_text]; nil where only
  ///     the null text is needed.
  ///   - ranges: the rows of each text.
  /// - Returns: nil in models without text.
  package func prepare(texts: Tensor?, ranges: [Range<Int>], on tape: Tape) -> PreparedText? {
    textProjection?.prepare(texts, ranges: ranges, layers: layers, on: tape)
  }

  /// v̂ [B, F, h, w, c].
  package func callAsFunction(_ input: DenoiserInput, text: PreparedText?, on tape: Tape) -> Variable {
    input.check(against: configuration, textCount: text?.count)
    let conditionOfFrame = input.conditionOfFrame
    let windows = WindowLayout(
      configuration, itemCount: input.itemCount, frameCount: input.frameCount,
      isImage: (0..<input.itemCount).map(input.isImage), text: text.map { input.textRows($0) })

    let u = conditioning(input.conditions, text: text, on: tape)
    let activated = tape.silu(u)
    let shared = sharedModulation.map { $0(activated, on: tape) }

    var x = embedding(input, on: tape)
    for (index, layer) in layers.enumerated() {
      let modulation = layer.modulation(u: u, activated: activated, shared: shared, on: tape)
      let isSpatiotemporal = configuration.isSpatiotemporal(layer: index)
      func run(_ inputs: [Variable], _ tape: Tape) -> Variable {
        layer(
          inputs[0], modulation: inputs[1], conditionOfFrame: conditionOfFrame,
          windows: isSpatiotemporal ? windows.spatiotemporal : windows.spatial,
          crossWindows: isSpatiotemporal ? windows.spatiotemporalWithText : windows.spatialWithText,
          text: inputs.count > 2 ? inputs[2] : nil, on: tape)
      }
      let inputs = [x, modulation] + [text?.keysAndValues[index]].compactMap { $0 }
      x = recomputesLayers && tape.isRecording ? tape.recomputing(inputs, run) : run(inputs, tape)
    }
    let y = output(x, activated: activated, conditionOfFrame: conditionOfFrame, on: tape)
    return tape.unpatchify(y, patch: configuration.patch, shape: input.latents.shape)
  }

  /// A of one layer for conditioning vectors u [U, d] → [U, 6d].
  package func modulation(layer: Int, of u: Variable, on tape: Tape) -> Variable {
    let activated = tape.silu(u)
    return layers[layer].modulation(
      u: u, activated: activated, shared: sharedModulation.map { $0(activated, on: tape) }, on: tape)
  }
}

extension DenoiserInput {
  /// The rows of the text under each frame.
  fileprivate func textRows(_ text: PreparedText) -> [Range<Int>] {
    conditionOfFrame.map { text.ranges[conditions[$0].text ?? text.nullIndex] }
  }
}
