import Glibc

/// A colour in CIE 1976 L*a*b* (D65, 2°), in which distances are about as large as they look.
package struct LabColour: Sendable, Hashable {
  /// L*, a*, b*.
  package let components: SIMD3<Float>

  package init(_ rgb: RGB) {
    let linear = RGB(Self.linear(rgb.x), Self.linear(rgb.y), Self.linear(rgb.z))
    let x = (0.412_456_4 * linear.x + 0.357_576_1 * linear.y + 0.180_437_5 * linear.z) / 0.950_47
    let y = 0.212_672_9 * linear.x + 0.715_152_2 * linear.y + 0.072_175_0 * linear.z
    let z = (0.019_333_9 * linear.x + 0.119_192_0 * linear.y + 0.950_304_1 * linear.z) / 1.088_83
    let (fx, fy, fz) = (Self.response(x), Self.response(y), Self.response(z))
    components = SIMD3(116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz))
  }

  /// The distance ΔE*ab (1976): Euclidean.
  package func distance(to other: LabColour) -> Float {
    let difference = components - other.components
    return (difference * difference).sum().squareRoot()
  }

  /// Undoes sRGB's transfer curve: 0 … 255 to linear light 0 … 1.
  private static func linear(_ value: Float) -> Float {
    let value = value / 255
    return value <= 0.04045 ? value / 12.92 : powf((value + 0.055) / 1.055, 2.4)
  }

  private static func response(_ value: Float) -> Float {
    value > 216 / 24389 ? cbrtf(value) : (24389 / 27 * value + 16) / 116
  }
}
