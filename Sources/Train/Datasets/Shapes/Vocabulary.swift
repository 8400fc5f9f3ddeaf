/// The words for each row of the world's tables; the first of each list is the plainest.
enum Vocabulary {
  static func words(_ shape: Shape) -> [String] {
    switch shape {
    case .circle: ["circle", "disc", "round dot"]
    case .square: ["square", "box"]
    case .triangle: ["triangle"]
    case .star: ["star", "five-pointed star"]
    case .cross: ["cross", "plus sign"]
    case .ring: ["ring", "hoop"]
    case .bar: ["bar", "thin rectangle"]
    case .heart: ["heart"]
    }
  }

  static func words(_ size: ObjectSize) -> [String] {
    switch size {
    case .small: ["small", "little", "tiny"]
    case .medium: ["medium-sized"]
    case .large: ["large", "big", "huge"]
    }
  }

  static func words(_ motion: Motion) -> [String] {
    switch motion {
    case .still: ["stays still", "does not move", "rests"]
    case .left: ["left", "to the left"]
    case .right: ["right", "to the right"]
    case .up: ["up"]
    case .down: ["down"]
    case .upLeft: diagonal("up", "upper", "left")
    case .upRight: diagonal("up", "upper", "right")
    case .downLeft: diagonal("down", "lower", "left")
    case .downRight: diagonal("down", "lower", "right")
    }
  }

  private static func diagonal(_ vertical: String, _ half: String, _ side: String) -> [String] {
    ["\(vertical) and to the \(side)", "towards the \(half) \(side)", "\(vertical) and \(side)"]
  }

  static let verbs = ["moves", "slides", "travels", "glides"]

  /// Adverbs that may stand before or after the verb, then those that stand only after it.
  static func adverbs(_ speed: Speed) -> (anywhere: [String], after: [String]) {
    switch speed {
    case .slow: (["slowly"], [])
    case .normal: ([], [])
    case .fast: (["quickly"], ["fast"])
    }
  }

  static let prepositions = ["over", "on", "against"]
}
