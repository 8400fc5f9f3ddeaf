import Datasets
import Foundation
import MediaIO
import Testing

@testable import Evaluation

@Suite struct JudgeTests {
  private let judge = Judge()

  @Test("every shape is told, whatever its size", arguments: Shape.allCases)
  func shapes(shape: Shape) {
    for size in ObjectSize.allCases {
      let scene = Scene(
        background: .init(colour: .gray, texture: .gradient),
        object: .init(shape: shape, colour: .yellow, size: size, x: 0.43, y: 0.52))
      let seen = judge.judge(JudgeValidation.clip(scene, times: [0.5]))
      #expect(seen.shape == shape && seen.size == size && seen.colour == .yellow)
      #expect(seen.motion == nil, "an image has no motion")
    }
  }

  @Test("every direction is told", arguments: Motion.allCases)
  func motions(motion: Motion) {
    let scene = Scene(
      background: .init(colour: .darkBlue), object: .init(shape: .star, colour: .red, motion: motion, speed: .slow))
    let seen = judge.judge(JudgeValidation.clip(scene))
    #expect(seen.motion == motion)
    #expect(seen.speed == (motion == .still ? nil : .slow))
    #expect(abs((seen.pathLength ?? -1) - scene.object.pathLength) < 0.005)
    #expect(abs((seen.radius ?? 0) - 0.155) < 0.003)
  }

  @Test("two objects of about one size say nothing: it is open which is meant")
  func twoObjects() {
    let left = Scene(background: .init(colour: .black), object: .init(shape: .circle, colour: .red, x: 0.25))
    let right = Scene(background: .init(colour: .black), object: .init(shape: .square, colour: .red, x: 0.75))
    let bytes = zip(JudgeValidation.clip(left).bytes, JudgeValidation.clip(right).bytes).map { max($0, $1) }
    #expect(judge.judge(RGBFrames(width: 128, height: 128, frameCount: 17, bytes: bytes)).saysNothing)
  }

  @Test("an object that changes its place without a path has no motion")
  func jumping() {
    let places = [0.3, 0.7, 0.5, 0.6, 0.35]
    let frames = (0..<17).map { index in
      let object = SceneObject(
        shape: .heart, colour: .white, size: .small, x: places[index % 5], y: places[(index + 2) % 5])
      return JudgeValidation.clip(.init(background: .init(colour: .brown), object: object), times: [0]).bytes
    }
    let seen = judge.judge(RGBFrames(width: 128, height: 128, frameCount: 17, bytes: frames.flatMap { $0 }))
    #expect(seen.motion == nil && seen.speed == nil)
    #expect(seen.shape == .heart && seen.colour == .white)
  }

  @Test("an object that is there in half of the frames says nothing")
  func vanishing() {
    let scene = Scene(background: .init(colour: .brown), object: .init(shape: .heart, colour: .white))
    let shown = JudgeValidation.clip(scene, times: Array(World.clipTimes.prefix(9)))
    let empty = RGBFrames.blank(scene.background, side: 128)
    let bytes = shown.bytes + empty.bytes.prefix(8 * empty.frameByteCount)
    #expect(judge.judge(RGBFrames(width: 128, height: 128, frameCount: 17, bytes: bytes)).saysNothing)
  }

  @Test("a colour far from the palette is no colour, an outline unlike any shape no shape")
  func strange() {
    var scene = Scene(background: .init(colour: .white), object: .init(shape: .circle, colour: .green))
    scene.object.tint = RGB(50, -110, 30)  // 100 60 100, a dull mauve
    #expect(judge.judge(JudgeValidation.clip(scene)).colour == nil)
    // The left half of a large circle.
    let circle = Scene(
      background: .init(colour: .black), object: .init(shape: .circle, colour: .white, size: .large))
    var bytes = JudgeValidation.clip(circle).bytes
    for pixel in 0..<bytes.count / 3 where pixel % 128 >= 64 {
      for channel in 0..<3 { bytes[3 * pixel + channel] = 16 }
    }
    let half = judge.judge(RGBFrames(width: 128, height: 128, frameCount: 17, bytes: bytes))
    #expect(half.shape == nil && half.size == nil)
    #expect(half.colour == .white)
  }
}
