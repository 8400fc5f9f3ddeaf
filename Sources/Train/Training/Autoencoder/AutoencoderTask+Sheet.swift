import Autograd
import Datasets
import Evaluation
import Kernels
import MediaIO
import Tensors

extension AutoencoderTask {
  /// Held clips at 32, 64 and 128 pixels, each to the left of what becomes of it.
  package func writeSheet(to path: String, on device: ComputeDevice) throws {
    let scenes = SceneSource(seed: AutoencoderTask.heldSeed)
    var clips: [RGBFrames] = []
    for resolution in [32, 64, 128] {
      for index in 0..<4 {
        let frames = scenes[index].render(resolution: resolution)
        let output = reconstruct(frames.reshaped([1] + frames.shape), on: device)[0]
        clips += [frames, output].map { RGBFrames($0).enlarged(by: 128 / resolution) }
      }
    }
    try ContactSheet(framesPerClip: 4, clipsPerRow: 2).write(clips, to: path)
  }

  /// Pixels [1, T, H, W, 3] through encoder and decoder.
  func reconstruct(_ frames: Tensor, on device: ComputeDevice) -> Tensor {
    let tape = Tape(device: device, recording: false)
    return model.decode(model.encode(tape.constant(frames), on: tape), on: tape).value
  }
}
