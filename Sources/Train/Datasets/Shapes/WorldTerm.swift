/// One row of a table of the shapes world: a name in a fixed order.
///
/// The order of the cases is part of the world: held-out combinations and class labels count from 0 in it.
package protocol WorldTerm: RawRepresentable<String>, CaseIterable, Codable, Hashable, Sendable {}

extension WorldTerm {
  /// The number of this row in its table, from 0.
  package var index: Int {
    var index = 0
    for term in Self.allCases {
      if term == self { return index }
      index += 1
    }
    preconditionFailure("\(rawValue) is not among the cases of its own table")
  }
}

/// What all scenes share.
package enum World {
  /// Frames of a clip.
  package static let frameCount = 17
  package static let framesPerSecond = 8
  /// Pixels on a side of the drawing whose area averages are the views.
  package static let drawingResolution = 512
  /// An object stays at least this far inside the frame, in units of the frame's side.
  package static let margin = 0.03
  /// The least distance of an object's colour from its background's in CIE L*a*b*.
  package static let leastContrast: Float = 42

  /// The times u of a clip's frames: 0 … 1.
  package static let clipTimes = (0..<frameCount).map { Double($0) / Double(frameCount - 1) }
  /// The time of a scene that is shown as an image.
  package static let imageTimes = [0.5]
}

/// Whether a scene is shown as a clip or as one image.
package enum Medium: String, WorldTerm {
  case image, video

  /// The times at which a scene is drawn for it.
  package var times: [Double] { self == .image ? World.imageTimes : World.clipTimes }
}
