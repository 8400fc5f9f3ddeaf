import Datasets
import Diffusion
import Tensors
import Testing
import VideoTransformer

@testable import Training

/// Says nothing but numbers.
private struct NumberedExamples: ExampleSource {
  let frameCount: Int
  let contentName = "numbers"
  let medium = Medium.video
  let availableCount: Int? = nil

  func frames(_ index: Int, resolution: Int) -> Tensor { Tensor(zeros: [frameCount, resolution, resolution, 3]) }
  func caption(_ index: Int, _ draw: inout DrawSequence) -> String? { "scene \(index) of \(frameCount)" }
  func classLabel(_ index: Int) -> Int? { 10 * index }
}

struct DenoiserBatchTests {
  private func maker(
    classes: Int = 0, textWidth: Int = 4, _ change: (inout DenoiserMixture) -> Void = { _ in }
  ) -> DenoiserBatchMaker {
    var mixture = DenoiserMixture()
    mixture.itemCount = 8
    mixture.imageStackCount = 3
    change(&mixture)
    func examples(frames: Int, offset: Float) -> LatentExamples {
      let values = (0..<6).flatMap { scene in [Float](repeating: Float(scene) + offset, count: frames * 8) }
      let latents = Tensor(values, shape: [6, frames, 2, 2, 2])
      let low = Tensor((0..<6 * frames * 2).map { Float($0) }, shape: [6, frames, 1, 1, 2])
      return LatentExamples(latents: latents, lowResolution: low, of: NumberedExamples(frameCount: frames))
    }
    let model = TransformerConfiguration(
      frames: 3, size: .init(2, 2), channels: 2, patch: 1, layers: 1, hidden: 8, heads: 1,
      spatiotemporalWindow: .init(2, 2), classes: classes, textWidth: textWidth, lowResolutionChannels: 2)
    return DenoiserBatchMaker(
      mixture, for: model, seed: 5, videos: examples(frames: 3, offset: 0), images: examples(frames: 1, offset: 10))
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

  @Test("timesteps are drawn all alike, or the noisy ones more often", arguments: [(1.0, 499.5), (3.0, 749.5)])
  func timesteps(power: Double, mean: Double) {
    let maker = maker { $0.timestepPower = power }
    let drawn = (0..<300).flatMap { maker.batch(at: $0).items.flatMap { $0.conditions.map(\.timestep) } }
    #expect(drawn.allSatisfy { (0..<1000).contains($0) })
    #expect(abs(Double(drawn.reduce(0, +)) / Double(drawn.count) - mean) < 20)
  }

  @Test("given frames weigh nothing in the loss, and images have none")
  func givenFramesWeighNothing() {
    let batch = maker { $0.framePrediction = 1 }.batch(at: 1)
    #expect(batch.items.allSatisfy { $0.isImageStack ? $0.givenFrameCount == 0 : [1, 2].contains($0.givenFrameCount) })
    // 3 frames of 2 × 2 latent pixels.
    for (index, item) in batch.items.enumerated() {
      let weights = batch.pixelWeights[index * 12..<index * 12 + 12]
      #expect(weights.prefix(4 * item.givenFrameCount).allSatisfy { $0 == 0 })
      #expect(weights.dropFirst(4 * item.givenFrameCount).allSatisfy { $0 == 1 })
    }
  }

  @Test("details of the low resolution weigh more, in and around the pixel that shows them")
  func detailsWeighMore() {
    // One of 6 × 6 pixels differs, in the second of two frames.
    let low = Tensor(zeros: [2, 6, 6, 1])
    low.pointer[36 + 6 * 2 + 3] = 5
    let weights = DetailWeights.of(lowResolution: low, highest: 8)
    #expect(weights.count == 2 * 12 * 12)
    #expect(weights.prefix(144).allSatisfy { $0 == 1 })
    func weight(_ row: Int, _ column: Int) -> Float { weights[144 + 12 * row + column] }
    #expect(weight(4, 6) > 5 && weight(5, 7) > 5, "the pixel itself")
    #expect(weight(2, 4) == weight(4, 6) && weight(7, 9) == weight(4, 6), "its neighbours")
    #expect(weight(11, 0) < 1.1, "the rest")
    #expect(weights.allSatisfy { 1...8 ~= $0 })
  }

  @Test("all text is dropped where the recipe says so")
  func dropsText() { #expect(maker { $0.dropText = 1 }.batch(at: 0).captions.isEmpty) }

  @Test("a model of classes is told each scene's class, but for those that are dropped, and no text")
  func toldTheClass() {
    func labels(_ dropText: Double) -> [Int?] {
      let batch = maker(classes: 64, textWidth: 0) { $0.dropText = dropText }.batch(at: 0)
      #expect(batch.captions.isEmpty)
      return batch.items.flatMap(\.conditions).map(\.classLabel)
    }
    // Scene 0's class is 0, scene 1's 10, and so on.
    #expect(labels(0).allSatisfy { $0.map { [0, 10, 20, 30, 40, 50].contains($0) } ?? false })
    #expect(Set(labels(0)).count > 1)
    #expect(labels(1).allSatisfy { $0 == nil })
    #expect(maker { $0.dropText = 0 }.batch(at: 0).items.flatMap(\.conditions).allSatisfy { $0.classLabel == nil })
  }
}
