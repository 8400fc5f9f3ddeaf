/// What can be said about a scene, as rows of the world's tables; nothing where nothing is said.
package struct SceneAttributes: Codable, Hashable, Sendable {
  package var shape: Shape?
  package var colour: ObjectColour?
  package var size: ObjectSize?
  package var background: BackgroundColour?
  package var texture: BackgroundTexture?
  package var motion: Motion?
  package var speed: Speed?
  package var medium: Medium?

  /// All that is true of a scene: an image has no motion, a still object no speed.
  package init(_ scene: Scene, medium: Medium) {
    shape = scene.object.shape
    colour = scene.object.colour
    size = scene.object.size
    background = scene.background.colour
    texture = scene.background.texture
    motion = medium == .video ? scene.object.motion : nil
    speed = medium == .video ? scene.object.speed : nil
    self.medium = medium
  }

  /// The row of each attribute in its table, in the order of `SceneAttribute`.
  package var indices: [Int?] { SceneAttribute.allCases.map(index(of:)) }

  package func index(of attribute: SceneAttribute) -> Int? {
    switch attribute {
    case .shape: shape?.index
    case .colour: colour?.index
    case .size: size?.index
    case .background: background?.index
    case .texture: texture?.index
    case .motion: motion?.index
    case .speed: speed?.index
    case .medium: medium?.index
    }
  }
}

/// The attributes that a caption tells, in a fixed order.
package enum SceneAttribute: String, WorldTerm {
  case shape, colour, size, background, texture, motion, speed, medium

  /// How many rows its table has.
  package var classCount: Int {
    switch self {
    case .shape: Shape.allCases.count
    case .colour: ObjectColour.allCases.count
    case .size: ObjectSize.allCases.count
    case .background: BackgroundColour.allCases.count
    case .texture: BackgroundTexture.allCases.count
    case .motion: Motion.allCases.count
    case .speed: Speed.allCases.count
    case .medium: Medium.allCases.count
    }
  }
}
