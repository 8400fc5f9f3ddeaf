import Datasets
import Diffusion
import Tensors
import Testing

@testable import Training

struct DenoiserBatchTests {
  private func maker(_ change: (inout DenoiserMixture) -> Void = { _ in }) -> DenoiserBatchMaker {
    var mixture = DenoiserMixture()
    mixture.itemCount = 8
    mixture.imageStackCount = 3
    change(&mixture)
    func examples(frames: Int, offset: Float) -> LatentExamples {
      let values = (0..<6).flatMap { scene in [Float](repeating: Float(scene) + offset, count: frames * 8) }
      let latents = Tensor(values, shape: [6, frames, 2, 2, 2])
      let low = Tensor((0..<6 * frames * 2).map { Float($0) }, shape: [6, frames, 1, 1, 2])
      return LatentExamples(latents: latents, lowResolution: low) { index, _ in "scene \(index) of \(frames)" }
    }
    return DenoiserBatchMaker(
      mixture, seed: 5, videos: examples(frames: 3, offset: 0), images: examples(frames: 1, offset: 10),
      frameCount: 3, predictsFrames: true)
  }

  @Test("a step's batch is the same whenever it is made, and another step's is another")
  func isAFunctionOfTheStep() {
    let batch = maker().batch(at: 4)
    let again = maker().batch(at: 4)
    #expect(batch.items == again.items)
    #expect(batch.noisy.array == again.noisy.array)
    #expect(batch.noisy.array != maker().batch(at: 5).noisy.array)
  }

  @Test("noisy latents and velocities lead back to the clean ones at each condition's own timestep")
  func velocitiesLeadBack() {
    let batch = maker().batch(at: 0)
    let clean = batch.cleanEstimate(velocity: batch.target, schedule: NoiseSchedule())
    for (found, expected) in zip(clean.array, batch.clean.array) { #expect(abs(found - expected) < 1e-4) }
  }

  @Test("a stack holds as many images as a video has frames, each with a caption and timestep of its own")
  func stacksAreIndependentImages() {
    let batch = maker { $0.dropText = 0 }.batch(at: 0)
    #expect(batch.items.map(\.isImageStack) == [true, true, true, false, false, false, false, false])
    #expect(batch.items[0].conditions.count == 3)
    #expect(batch.items[3].conditions.count == 1)
    #expect(batch.items[0].conditions.allSatisfy { $0.caption?.hasSuffix("of 1") == true })
    #expect(batch.captions.count == 3 * 3 + 5)
  }

  @Test("given frames weigh nothing in the loss, and images have none")
  func givenFramesWeighNothing() {
    let batch = maker { $0.framePrediction = 1 }.batch(at: 1)
    #expect(batch.items.allSatisfy { $0.isImageStack ? $0.givenFrameCount == 0 : [1, 2].contains($0.givenFrameCount) })
    let weights = batch.frameWeights
    for (index, item) in batch.items.enumerated() {
      #expect(weights[index * 3..<index * 3 + 3].count { $0 == 0 } == item.givenFrameCount)
    }
  }

  @Test("all text is dropped where the recipe says so")
  func dropsText() { #expect(maker { $0.dropText = 1 }.batch(at: 0).captions.isEmpty) }
}
