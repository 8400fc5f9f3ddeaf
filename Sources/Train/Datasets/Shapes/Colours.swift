/// A colour as red, green and blue in 0 … 255, sRGB.
package typealias RGB = SIMD3<Float>

/// The colour of an object.
package enum ObjectColour: String, WorldTerm {
  case red, orange, yellow, green, cyan, blue, purple, white

  package var rgb: RGB {
    switch self {
    case .red: RGB(220, 40, 40)
    case .orange: RGB(245, 140, 30)
    case .yellow: RGB(245, 225, 50)
    case .green: RGB(50, 170, 70)
    case .cyan: RGB(60, 200, 215)
    case .blue: RGB(45, 80, 215)
    case .purple: RGB(145, 60, 180)
    case .white: RGB(242, 242, 242)
    }
  }
}

/// The colour of a background.
package enum BackgroundColour: String, WorldTerm {
  case black, gray, white
  case darkBlue = "dark blue"
  case darkGreen = "dark green"
  case brown, pink
  case lightBlue = "light blue"

  package var rgb: RGB {
    switch self {
    case .black: RGB(16, 16, 16)
    case .gray: RGB(122, 122, 122)
    case .white: RGB(236, 236, 236)
    case .darkBlue: RGB(22, 32, 92)
    case .darkGreen: RGB(16, 72, 42)
    case .brown: RGB(112, 72, 42)
    case .pink: RGB(245, 176, 196)
    case .lightBlue: RGB(166, 206, 240)
    }
  }
}

/// How a background's colour varies over the frame.
package enum BackgroundTexture: String, WorldTerm {
  case plain
  /// 20 lighter at the top, 20 darker at the bottom, linear between.
  case gradient
}
