import Tensors

/// One scene of the shapes world: a background and an object with its motion.
///
/// Distances are in units of the frame's side, x to the right, y down. A scene says nothing about resolution: every
/// view of it is an area average of one large drawing.
package struct Scene: Codable, Hashable, Sendable {
  package var background: SceneBackground
  package var object: SceneObject

  package init(background: SceneBackground, object: SceneObject) {
    self.background = background
    self.object = object
  }

  /// Whether training never sees this combination of shape and colour, or of shape and motion.
  package var isHeldOut: Bool {
    HeldOut.isHeldOut(object.shape, object.colour) || HeldOut.isHeldOut(object.shape, object.motion)
  }

  /// How many classes there are: shapes by colours.
  package static let classCount = Shape.allCases.count * ObjectColour.allCases.count

  /// The class for class-conditional models: 8·shape + colour.
  package var classLabel: Int { 8 * object.shape.index + object.colour.index }
}

package struct SceneBackground: Codable, Hashable, Sendable {
  package var colour: BackgroundColour
  package var texture: BackgroundTexture
  /// Added to the colour: whole numbers, at most 6 a channel either way.
  package var tint: RGB

  package init(colour: BackgroundColour, texture: BackgroundTexture = .plain, tint: RGB = .zero) {
    self.colour = colour
    self.texture = texture
    self.tint = tint
  }

  /// The colour of the 512-pixel drawing's `row`.
  func rgb(row: Int) -> RGB {
    let plain = colour.rgb + tint
    guard texture == .gradient else { return plain }
    let amplitude: Float = 20
    let height = Float(World.drawingResolution)
    let lightening = amplitude * (height - 1 - 2 * Float(row)) / height
    return (plain + lightening).clamped(lowerBound: .zero, upperBound: RGB(repeating: 255))
  }
}

package struct SceneObject: Codable, Hashable, Sendable {
  package var shape: Shape
  package var colour: ObjectColour
  /// Added to the colour: whole numbers, at most 6 a channel either way.
  package var tint: RGB
  package var size: ObjectSize
  /// The circumscribed radius.
  package var radius: Double
  /// The middle of the path.
  package var x: Double
  package var y: Double
  package var motion: Motion
  /// Nothing for an object that stays still.
  package var speed: Speed?
  /// The distance from u = 0 to u = 1; 0 when still.
  package var pathLength: Double

  /// An object without jitter, its path's middle at (`x`, `y`).
  package init(
    shape: Shape, colour: ObjectColour, size: ObjectSize = .medium, motion: Motion = .still, speed: Speed = .normal,
    x: Double = 0.5, y: Double = 0.5
  ) {
    self.shape = shape
    self.colour = colour
    tint = .zero
    self.size = size
    radius = size.radius
    self.x = x
    self.y = y
    self.motion = motion
    self.speed = motion == .still ? nil : speed
    pathLength = motion == .still ? 0 : speed.pathLength
  }

  package var rgb: RGB { colour.rgb + tint }

  /// The centre at time `u`: 0 is the clip's first frame, 1 its last; beyond, the motion goes on at the same speed,
  /// mirrored at the margin.
  package func position(at u: Double) -> SIMD2<Double> {
    let straight = SIMD2(x, y) + (u - 0.5) * pathLength * motion.direction
    let reach = radius + World.margin
    return SIMD2(
      Self.mirrored(straight.x, between: reach, and: 1 - reach),
      Self.mirrored(straight.y, between: reach, and: 1 - reach))
  }

  private static func mirrored(_ value: Double, between low: Double, and high: Double) -> Double {
    guard low < high, value < low || value > high else { return value }
    let period = 2 * (high - low)
    let phase = (value - low) - period * ((value - low) / period).rounded(.down)
    return low + min(phase, period - phase)
  }
}

/// The combinations that training never sees, in videos or images.
package enum HeldOut {
  /// One colour for each shape.
  package static func isHeldOut(_ shape: Shape, _ colour: ObjectColour) -> Bool {
    (3 * shape.index + colour.index) % 8 == 5
  }

  /// At most one shape for each motion; none for still.
  package static func isHeldOut(_ shape: Shape, _ motion: Motion) -> Bool {
    motion != .still && (shape.index + 3 * motion.index) % 10 == 4
  }
}
