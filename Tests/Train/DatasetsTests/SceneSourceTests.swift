import Foundation
import Testing

@testable import Datasets

@Suite struct SceneSourceTests {
  @Test("a scene follows from its seed and index alone")
  func independentOfOrder() {
    let source = SceneSource(seed: 7)
    let forwards = (0..<50).map { source[$0] }
    let backwards = (0..<50).reversed().map { SceneSource(seed: 7)[$0] }
    #expect(forwards == backwards.reversed())
    #expect(Set(forwards).count == 50)
    #expect(SceneSource(seed: 8)[0] != forwards[0])
  }

  @Test("a scene comes back from its JSON unchanged")
  func codable() throws {
    for index in 0..<50 {
      let scene = SceneSource(seed: 1, split: .any)[index]
      let data = try JSONEncoder().encode(scene)
      #expect(try JSONDecoder().decode(Scene.self, from: data) == scene)
    }
  }

  @Test("the world does not change: the first scene of seed 0")
  func golden() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let text = String(decoding: try encoder.encode(SceneSource(seed: 0)[0]), as: UTF8.self)
    let expected = """
      {"background":{"colour":"gray","texture":"plain","tint":[6,-2,-2]},"object":{"colour":"orange",\
      "motion":"down-right","pathLength":0.48082886873744424,"radius":0.2088323882982135,"shape":"triangle",\
      "size":"large","speed":"fast","tint":[-6,-5,4],"x":0.49333153403447844,"y":0.5484543364319704}}
      """
    #expect(text == expected)
  }

  @Test("training scenes hold no held-out combination, held-out scenes nothing else")
  func splits() {
    for index in 0..<1000 {
      let seen = SceneSource(seed: 2, split: .training)[index].object
      #expect((3 * seen.shape.index + seen.colour.index) % 8 != 5)
      #expect(seen.motion == .still || (seen.shape.index + 3 * seen.motion.index) % 10 != 4)
      #expect(SceneSource(seed: 2, split: .heldOut)[index].isHeldOut)
    }
  }

  @Test("the held-out list is the specified one: one colour a shape, six pairs of shape and motion")
  func heldOutList() {
    let colours = Shape.allCases.flatMap { shape in
      ObjectColour.allCases.filter { HeldOut.isHeldOut(shape, $0) }.map { "\(shape) \($0)" }
    }
    #expect(
      colours == [
        "circle blue", "square yellow", "triangle white", "star cyan", "cross orange", "ring purple", "bar green",
        "heart red",
      ])
    let motions = Motion.allCases.flatMap { motion in
      Shape.allCases.filter { HeldOut.isHeldOut($0, motion) }.map { "\($0) \(motion.rawValue)" }
    }
    #expect(
      motions == ["square left", "ring up", "triangle down", "bar up-right", "star down-left", "circle down-right"])
  }

  @Test("every row of every table is drawn")
  func allRows() {
    let scenes = (0..<1000).map { SceneSource(seed: 3)[$0] }
    #expect(Set(scenes.map(\.object.shape)).count == 8)
    #expect(Set(scenes.map(\.object.colour)).count == 8)
    #expect(Set(scenes.map(\.object.size)).count == 3)
    #expect(Set(scenes.map(\.object.motion)).count == 9)
    #expect(Set(scenes.compactMap(\.object.speed)).count == 3)
    #expect(Set(scenes.map(\.background.colour)).count == 8)
    #expect(Set(scenes.map(\.background.texture)).count == 2)
  }

  @Test("objects stand out, keep their margin, and their jitters stay within the specified bounds")
  func bounds() {
    for index in 0..<2000 {
      let scene = SceneSource(seed: 4, split: .any)[index]
      let object = scene.object
      #expect(scene.contrast >= 42)
      #expect(LabColour(object.colour.rgb).distance(to: LabColour(scene.background.colour.rgb)) >= 42)
      for tint in [object.tint, scene.background.tint] {
        #expect(tint.max() <= 6 && tint.min() >= -6 && tint == tint.rounded(.toNearestOrEven))
      }
      #expect(abs(object.radius / object.size.radius - 1) <= 0.04 + 1e-12)
      #expect(abs(object.pathLength - (object.speed?.pathLength ?? 0)) <= 0.06 * 0.5 + 1e-12)
      for u in World.clipTimes {
        let centre = object.position(at: u)
        #expect(centre.min() - object.radius >= 0.03 - 1e-9)
        #expect(centre.max() + object.radius <= 0.97 + 1e-9)
      }
    }
  }

  @Test("the path is straight, of the scene's length, with its middle at the scene's position")
  func path() {
    let object = SceneObject(shape: .star, colour: .red, motion: .upRight, speed: .normal, x: 0.4, y: 0.6)
    let (first, middle, last) = (object.position(at: 0), object.position(at: 0.5), object.position(at: 1))
    #expect(middle == SIMD2(0.4, 0.6))
    #expect(first.x < middle.x && first.y > middle.y)
    let way = last - first
    #expect(abs((way * way).sum().squareRoot() - 0.29) < 1e-12)
  }

  @Test("beyond the clip's end the motion goes on and is mirrored at the margin")
  func mirrored() {
    let object = SceneObject(shape: .circle, colour: .red, size: .large, motion: .right, speed: .fast)
    // The right limit is 1 − 0.215 − 0.03 = 0.755; at u = 1 the centre is at 0.75.
    #expect(abs(object.position(at: 1.01).x - 0.755) < 1e-12)
    #expect(abs(object.position(at: 1.11).x - 0.705) < 1e-12)
  }

  @Test("classes are numbered 8 · shape + colour")
  func classLabel() {
    let scene = Scene(background: .init(colour: .black), object: .init(shape: .square, colour: .green))
    #expect(scene.classLabel == 11)
  }
}
