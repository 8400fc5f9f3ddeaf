import Autograd
import VideoAutoencoder

extension VideoAutoencoder {
  /// Makes of weights that were trained on images alone ones that treat every frame as an image.
  ///
  /// An image trains only the last frame of each kernel, and of an upsampling in time only the later of the two frames
  /// that it makes. The rest is set to zero, and to a copy.
  func inflate() {
    for parameter in parameters where parameter.shape.count == 5 {
      let (frames, taps) = (parameter.shape[2], parameter.shape[3] * parameter.shape[4])
      parameter.mutate { value in
        for index in 0..<value.count where index / taps % frames < frames - 1 { value.pointer[index] = 0 }
      }
    }
    for level in 1..<configuration.levels where configuration.temporalDown[level - 1] {
      for name in ["weight", "bias"] {
        store["decoder.levels.\(level).up.\(name)"].mutate { value in
          // The earlier frame's channels lie in front.
          let half = value.count / 2
          value.pointer.update(from: value.pointer + half, count: half)
        }
      }
    }
  }
}
