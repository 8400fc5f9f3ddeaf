import Datasets

/// What a judge saw in a clip; nothing where it could not tell.
package struct Judgement: Sendable, Hashable, Codable {
  package var shape: Shape?
  package var colour: ObjectColour?
  /// For clips of several frames only.
  package var motion: Motion?
  package var size: ObjectSize?
  /// Nothing for an object that stays still.
  package var speed: Speed?

  /// The measured circumscribed radius in units of the frame's side, where there is a shape.
  package var radius: Double?
  /// The measured way from first to last frame in units of the frame's side, where an object was followed.
  package var pathLength: Double?
  /// How well the shape fits: intersection over union with the generator's drawing, 0 … 1.
  package var overlap: Double?

  /// Whether nothing at all was recognised.
  package var saysNothing: Bool { shape == nil && colour == nil && motion == nil && size == nil && speed == nil }

  package init() {}
}
