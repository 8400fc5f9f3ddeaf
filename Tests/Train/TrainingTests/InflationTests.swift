import Autograd
import Kernels
import Tensors
import Testing
import VideoAutoencoder

@testable import Training

struct InflationTests {
  private let device = ComputeDevice(threadCount: 2)
  private let model: VideoAutoencoder

  init() {
    let configuration = AutoencoderConfiguration(
      baseChannels: 8, channelMultipliers: [1, 1, 2], residualBlocks: 1, middleBlocks: 1, temporalDown: [false, true],
      groups: 1, latentChannels: 4)
    model = VideoAutoencoder(configuration: configuration, seed: 3)
    model.inflate()
  }

  private func normals(_ shape: [Int]) -> Tensor { NoiseStream(seed: 1, purpose: .training(0)).normals(shape: shape) }

  @Test("inflated weights encode every second frame of a video as the image that it is")
  func encodesFramesAsImages() {
    let video = normals([1, 5, 16, 16, 3])
    let latents = model.encode(video, on: device)
    for (latent, frame) in [(0, 0), (1, 2), (2, 4)] {
      let image = video[0].rows(frame..<frame + 1).reshaped([1, 1, 16, 16, 3])
      #expect(latents[0][latent].array == model.encode(image, on: device)[0][0].array)
    }
  }

  @Test("inflated weights decode every latent frame to copies of one image")
  func decodesCopies() {
    let latents = normals([1, 3, 4, 4, 4])
    let pixels = model.decode(latents, on: device)
    for (latent, frames) in [(0, [0]), (1, [1, 2]), (2, [3, 4])] {
      let image = model.decode(latents[0].rows(latent..<latent + 1).reshaped([1, 1, 4, 4, 4]), on: device)
      for frame in frames { #expect(pixels[0][frame].array == image[0][0].array) }
    }
  }
}
