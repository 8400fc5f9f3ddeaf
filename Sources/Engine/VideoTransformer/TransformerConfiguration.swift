import Foundation
import Weights

/// The shape of a denoiser (`config.json`, model.md section 10.1).
package struct TransformerConfiguration: Sendable, Hashable {
  /// A height and a width.
  package struct Size: Sendable, Hashable {
    package var height: Int
    package var width: Int
    package init(_ height: Int, _ width: Int) {
      self.height = height
      self.width = width
    }
  }

  /// Where the six modulation parts of a layer come from (§4.3).
  package enum Modulation: Sendable, Hashable {
    /// One shared projection and a low-rank one a layer: AdaLN-LoRA.
    case lowRank(Int)
    /// A projection of its own in every layer.
    case separate
  }

  /// The window of cross-attention in spatiotemporal layers.
  package enum CrossWindow: String, Sendable, CaseIterable {
    /// The spatial one in every layer: what joint training of images and videos needs.
    case spatial
    /// The layer's own; such a model knows no images.
    case same
  }

  /// Latent frames of a video.
  package var frames: Int
  /// The latent frame in latent pixels.
  package var size: Size
  /// Channels of the latents.
  package var channels: Int
  /// Side of a token in latent pixels.
  package var patch: Int
  package var layers: Int
  /// Width of a token.
  package var hidden: Int
  package var heads: Int
  package var feedForward: Int
  /// Window of spatial layers, in tokens.
  package var spatialWindow: Size
  /// Window of spatiotemporal layers, in tokens; all frames.
  package var spatiotemporalWindow: Size
  package var modulation: Modulation
  /// Classes without the null class; 0 for models without.
  package var classes: Int
  /// Width of the text encoder's output; 0 for models without text.
  package var textWidth: Int
  /// Whether pooled text is part of the conditioning vector.
  package var poolsText: Bool
  package var crossWindow: CrossWindow
  package var hasSelfConditioning: Bool
  package var hasFramePrediction: Bool
  /// Channels of the low-resolution latents; 0 for models that are no upsamplers.
  package var lowResolutionChannels: Int
  /// Whether every layer attends to the whole clip, the spatial ones too: what windows are compared with (Table 3b).
  package var hasFullAttention = false

  /// A text-conditional base model; change the properties for others.
  ///
  /// - Parameters:
  ///   - spatialWindow: nil for the whole frame.
  ///   - feedForward: nil for 4·hidden.
  package init(
    frames: Int, size: Size, channels: Int, patch: Int, layers: Int, hidden: Int, heads: Int, feedForward: Int? = nil,
    spatialWindow: Size? = nil, spatiotemporalWindow: Size, modulation: Modulation = .lowRank(2), classes: Int = 0,
    textWidth: Int = 0, poolsText: Bool = true, crossWindow: CrossWindow = .spatial, hasSelfConditioning: Bool = true,
    hasFramePrediction: Bool = true, lowResolutionChannels: Int = 0
  ) {
    self.frames = frames
    self.size = size
    self.channels = channels
    self.patch = patch
    self.layers = layers
    self.hidden = hidden
    self.heads = heads
    self.feedForward = feedForward ?? 4 * hidden
    self.spatialWindow = spatialWindow ?? Size(size.height / patch, size.width / patch)
    self.spatiotemporalWindow = spatiotemporalWindow
    self.modulation = modulation
    self.classes = classes
    self.textWidth = textWidth
    self.poolsText = poolsText
    self.crossWindow = crossWindow
    self.hasSelfConditioning = hasSelfConditioning
    self.hasFramePrediction = hasFramePrediction
    self.lowResolutionChannels = lowResolutionChannels
  }

  /// The frame in tokens.
  package var tokenSize: Size { Size(size.height / patch, size.width / patch) }

  /// Tokens of a frame.
  package var tokensPerFrame: Int { tokenSize.height * tokenSize.width }

  /// Width of one head.
  package var headWidth: Int { hidden / heads }

  /// Channels of the network's input (model.md section 3.1).
  package var inputChannels: Int {
    channels * (1 + (hasSelfConditioning ? 1 : 0) + (hasFramePrediction ? 1 : 0) + (isUpsampler ? 1 : 0))
      + (hasFramePrediction ? 1 : 0)
  }

  package var isUpsampler: Bool { lowResolutionChannels > 0 }
  package var hasText: Bool { textWidth > 0 }
  package var hasPooledText: Bool { hasText && poolsText }
  package var acceptsImages: Bool { !hasFullAttention && !(hasText && crossWindow == .same) || frames == 1 }

  /// Whether a layer's attention spans all frames: every second one, the first not; none in models of one frame, all
  /// with full attention.
  package func isSpatiotemporal(layer: Int) -> Bool { frames > 1 && (hasFullAttention || layer % 2 == 1) }
}
