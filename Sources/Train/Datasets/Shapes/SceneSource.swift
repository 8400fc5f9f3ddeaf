/// Which combinations of shape, colour and motion a source of scenes draws.
package enum SceneSplit: String, Codable, Sendable, CaseIterable {
  /// Without the held-out ones.
  case training
  /// The held-out ones only.
  case heldOut = "held-out"
  case any

  func admits(_ scene: Scene) -> Bool {
    switch self {
    case .training: !scene.isHeldOut
    case .heldOut: scene.isHeldOut
    case .any: true
    }
  }
}

/// An endless list of random scenes: scene i follows from the seed, the split and i alone.
package struct SceneSource: Sendable {
  package let seed: UInt64
  package let split: SceneSplit

  package init(seed: UInt64, split: SceneSplit = .training) {
    self.seed = seed
    self.split = split
  }

  /// - Precondition: `index` is not negative.
  package subscript(index: Int) -> Scene {
    var draw = DrawSequence(seed: seed, index: index, purpose: .sceneContent)
    var scene = Self.combination(&draw)
    while !split.admits(scene) || scene.contrast < World.leastContrast { scene = Self.combination(&draw) }
    scene.tint(&draw)
    scene.object.jitterAndPlace(&draw)
    return scene
  }

  private static func combination(_ draw: inout DrawSequence) -> Scene {
    Scene(
      background: SceneBackground(colour: draw.term(), texture: draw.term()),
      object: SceneObject(
        shape: draw.term(), colour: draw.term(), size: draw.term(), motion: draw.term(), speed: draw.term()))
  }
}

extension Scene {
  /// The distance of the object's colour from the background's (both with their tints) in CIE L*a*b*.
  package var contrast: Float {
    LabColour(object.rgb).distance(to: LabColour(background.colour.rgb + background.tint))
  }

  /// Shifts both colours by up to 6 a channel, without falling below the least contrast.
  fileprivate mutating func tint(_ draw: inout DrawSequence) {
    for _ in 0..<8 {
      background.tint = draw.tint()
      object.tint = draw.tint()
      if contrast >= World.leastContrast { return }
    }
    background.tint = .zero
    object.tint = .zero
  }
}

extension SceneObject {
  /// Draws radius, path length and place so that the object keeps its margin from u = 0 to u = 1.
  fileprivate mutating func jitterAndPlace(_ draw: inout DrawSequence) {
    let nominalLength = pathLength
    var room = SIMD2(-1.0, -1.0)
    // A large object has barely room for a fast path along an axis: only some of its jitters fit.
    while room.min() < 0 {
      radius = size.radius * draw.uniform(1 - ObjectSize.jitter, 1 + ObjectSize.jitter)
      pathLength = nominalLength * draw.uniform(1 - Speed.jitter, 1 + Speed.jitter)
      room = 1 - 2 * (radius + World.margin) - pathLength * motion.extent
    }
    x = 0.5 + (draw.uniform() - 0.5) * room.x
    y = 0.5 + (draw.uniform() - 0.5) * room.y
  }
}

extension Motion {
  /// The part of the path's length along each axis.
  fileprivate var extent: SIMD2<Double> { SIMD2(abs(direction.x), abs(direction.y)) }
}

extension DrawSequence {
  fileprivate mutating func tint() -> RGB {
    RGB(Float(index(below: 13) - 6), Float(index(below: 13) - 6), Float(index(below: 13) - 6))
  }
}
