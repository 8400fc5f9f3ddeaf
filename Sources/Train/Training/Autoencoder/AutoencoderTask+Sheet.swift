import Autograd
import Evaluation
import Kernels
import MediaIO
import Tensors

extension AutoencoderTask {
  /// Held clips, each to the left of what becomes of it.
  package func writeSheet(to path: String, on device: ComputeDevice) throws {
    let clips = try data.sheetClips().flatMap { frames in
      let output = reconstruct(frames.reshaped([1] + frames.shape), on: device)[0]
      return [frames, output].map { RGBFrames($0).enlarged(by: max(1, 128 / frames.shape[2])) }
    }
    try ContactSheet(framesPerClip: 4, clipsPerRow: 2).write(clips, to: path)
  }

  /// Pixels [1, T, H, W, 3] through encoder and decoder.
  func reconstruct(_ frames: Tensor, on device: ComputeDevice) -> Tensor {
    let tape = Tape(device: device, recording: false)
    return model.decode(tape.constant(model.meanLatents(frames, on: device)), on: tape).value
  }
}
