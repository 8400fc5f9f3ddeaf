import Autograd
import Kernels
import Tensors

extension VideoAutoencoder {
  /// Bytes of one band: large enough that its borders, which are read twice, are few.
  package static let bandByteCount = 64 << 20

  /// Decodes in bounded memory: normalised latents [B, 1 + t, h, w, c] → pixels [B, 1 + T, H, W, 3], those of `decode`,
  /// bit for bit.
  ///
  /// Every level holds one frame beside the two that each of its convolutions remembers; convolutions go in bands of
  /// rows, which share the statistics of the whole frame. Memory grows with the frame, not with the clip.
  ///
  /// - Parameter bandByteCount: the most memory for one band.
  package func decodeFrameByFrame(
    _ latents: Tensor, on device: ComputeDevice, bandByteCount: Int = VideoAutoencoder.bandByteCount
  ) -> Tensor {
    checkLatents(latents.shape)
    let raw = denormalize(latents)
    let clips = (0..<raw.shape[0]).map { item in
      let stream = FrameStream(tape: Tape(device: device, recording: false), bandByteCount: bandByteCount)
      var frames: [Tensor] = []
      for index in 0..<raw.shape[1] {
        decoder(raw[item][index], in: stream) { frames.append($0.reshaped([1] + $0.shape)) }
      }
      return Tensor.concatenating(frames)
    }
    return Tensor.concatenating(clips.map { $0.reshaped([1] + $0.shape) })
  }
}
