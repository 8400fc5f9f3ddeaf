import Autograd
import Kernels
import Tensors

extension VideoAutoencoder {
  /// Encodes a long clip chunk by chunk; the chunks' latents, joined, are those of the whole clip.
  package final class EncodingStream {
    private let model: VideoAutoencoder
    private let device: ComputeDevice
    private let stream = ConvolutionStream()

    package init(_ model: VideoAutoencoder, on device: ComputeDevice) {
      self.model = model
      self.device = device
    }

    /// Pixels [B, F, H, W, 3] → normalised latents; F is 1 + a multiple of the temporal factor in the first chunk and
    /// a multiple of it in later ones.
    package func encode(_ pixels: Tensor) -> Tensor {
      model.checkPixels(pixels.shape, extraFrames: stream.isFirstChunk ? 1 : 0)
      let tape = Tape(device: device, recording: false)
      let encoded = model.encoder(tape.constant(pixels), on: tape, stream: stream).value
      stream.finishChunk()
      return model.normalize(model.moments(encoded).mean)
    }
  }

  /// Decodes a long clip chunk by chunk; the chunks' frames, joined, are those of the whole clip.
  package final class DecodingStream {
    private let model: VideoAutoencoder
    private let device: ComputeDevice
    private let stream = ConvolutionStream()

    package init(_ model: VideoAutoencoder, on device: ComputeDevice) {
      self.model = model
      self.device = device
    }

    /// Normalised latents [B, F, h, w, c], any F ≥ 1 → pixels: 1 + r·(F − 1) frames of the first chunk, r·F of later
    /// ones, r the temporal factor.
    package func decode(_ latents: Tensor) -> Tensor {
      model.checkLatents(latents.shape)
      let tape = Tape(device: device, recording: false)
      let pixels = model.decoder(tape.constant(model.denormalize(latents)), on: tape, stream: stream).value
      stream.finishChunk()
      return pixels
    }
  }
}
