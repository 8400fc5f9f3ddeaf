/// How an object moves during a clip.
package enum Motion: String, WorldTerm {
  case still, left, right, up, down
  case upLeft = "up-left"
  case upRight = "up-right"
  case downLeft = "down-left"
  case downRight = "down-right"

  /// The unit vector of the motion (x to the right, y down), zero when still.
  package var direction: SIMD2<Double> {
    let diagonal = 0.5.squareRoot()
    return switch self {
    case .still: SIMD2(0, 0)
    case .left: SIMD2(-1, 0)
    case .right: SIMD2(1, 0)
    case .up: SIMD2(0, -1)
    case .down: SIMD2(0, 1)
    case .upLeft: SIMD2(-diagonal, -diagonal)
    case .upRight: SIMD2(diagonal, -diagonal)
    case .downLeft: SIMD2(-diagonal, diagonal)
    case .downRight: SIMD2(diagonal, diagonal)
    }
  }
}

/// How far an object moves during a clip.
package enum Speed: String, WorldTerm {
  case slow, normal, fast

  /// The path's length in units of the frame's side, before its jitter.
  package var pathLength: Double {
    switch self {
    case .slow: 0.16
    case .normal: 0.29
    case .fast: 0.50
    }
  }

  /// A scene's path is longer or shorter by up to this part.
  package static let jitter = 0.06
}

/// How large an object is.
package enum ObjectSize: String, WorldTerm {
  case small, medium, large

  /// The circumscribed radius in units of the frame's side, before its jitter.
  package var radius: Double {
    switch self {
    case .small: 0.110
    case .medium: 0.155
    case .large: 0.215
    }
  }

  /// A scene's radius is larger or smaller by up to this part.
  package static let jitter = 0.04
}
