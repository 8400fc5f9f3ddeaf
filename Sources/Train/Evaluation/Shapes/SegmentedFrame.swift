import Datasets
import MediaIO

/// The one object of a frame, cut out from its background.
struct SegmentedFrame: Sendable {
  /// A pixel farther than this from its background (Euclidean, in levels) may belong to an object.
  private static let threshold: Float = 40
  /// A second thing larger than this part of the first leaves open which is meant.
  private static let greatestRival = 0.3
  /// Parts of the frame that the smallest bar and the largest circle take, with room.
  private static let allowedArea = 0.006...0.22
  /// The part of an object's inside that must be near its median colour.
  private static let leastUniformity = 0.6

  let resolution: Int
  /// The object's bounding box and three pixels around it, as far as the frame goes.
  let box: PixelRectangle
  /// How much of each pixel of the box is object, 0 … 1, row-major.
  let matte: [Float]
  /// The centre of area in pixels.
  let centroid: SIMD2<Double>
  /// The area in pixels.
  let area: Double
  /// The median colour inside the object, over the whole clip.
  let objectColour: RGB

  /// The object of each frame, nothing where there is none or more than one. All frames show it in one colour, and
  /// about as large: those that do not are left out.
  static func segment(_ clip: RGBFrames) -> [SegmentedFrame?] {
    let background = BackgroundEstimate(clip)
    let components = (0..<clip.frameCount).map { frame -> [Bool]? in
      let isObject = ObjectMask.farPixels(clip, frame: frame, background: background, threshold: threshold)
      return ObjectMask.onlyComponent(isObject, width: clip.width, greatestRival: greatestRival)
    }
    guard let colour = uniformColour(clip, components) else { return components.map { _ in nil } }
    let frames = components.enumerated().map { frame, component in
      component.flatMap { SegmentedFrame(clip, frame, mask: $0, background: background, objectColour: colour) }
    }
    let areas = frames.compactMap { $0?.area }.sorted()
    guard !areas.isEmpty else { return frames }
    let median = areas[areas.count / 2]
    return frames.map { frame in frame.flatMap { 0.6 * median...1.67 * median ~= $0.area ? $0 : nil } }
  }

  /// The median colour of the pixels well inside the object, nothing if too many of them are of other colours.
  private static func uniformColour(_ clip: RGBFrames, _ components: [[Bool]?]) -> RGB? {
    var inside: [RGB] = []
    for (frame, component) in components.enumerated() {
      guard let component else { continue }
      for pixel in ObjectMask.inside(component, width: clip.width) { inside.append(clip.colour(frame, pixel)) }
    }
    guard !inside.isEmpty else { return nil }
    var median = RGB.zero
    for channel in 0..<3 { median[channel] = inside.map { $0[channel] }.sorted()[inside.count / 2] }
    let near = inside.count { distance($0, median) < threshold }
    return Double(near) >= leastUniformity * Double(inside.count) ? median : nil
  }

  private init?(
    _ clip: RGBFrames, _ frame: Int, mask: [Bool], background: BackgroundEstimate, objectColour: RGB
  ) {
    resolution = clip.width
    self.objectColour = objectColour
    box = ObjectMask.box(of: mask, width: clip.width, margin: 3)
    var matte = [Float](repeating: 0, count: box.width * box.height)
    var (area, moment) = (0.0, SIMD2<Double>.zero)
    for row in 0..<box.height {
      let under = background.rows[box.y + row]
      let contrast = objectColour - under
      let square = max(1, (contrast * contrast).sum())
      for column in 0..<box.width {
        let pixel = (box.y + row) * clip.width + box.x + column
        guard ObjectMask.isNear(mask, pixel, width: clip.width) else { continue }
        let part = ((clip.colour(frame, pixel) - under) * contrast).sum() / square
        let cover = min(1, max(0, part))
        matte[row * box.width + column] = cover
        area += Double(cover)
        moment += Double(cover) * SIMD2(Double(box.x + column) + 0.5, Double(box.y + row) + 0.5)
      }
    }
    guard Self.allowedArea.contains(area / Double(clip.width * clip.height)) else { return nil }
    self.matte = matte
    self.area = area
    centroid = moment / area
  }

  private static func distance(_ a: RGB, _ b: RGB) -> Float { ((a - b) * (a - b)).sum().squareRoot() }
}

extension RGBFrames {
  /// The colour of pixel `pixel`, counted by rows, of one frame.
  func colour(_ frame: Int, _ pixel: Int) -> RGB {
    let start = frame * frameByteCount + 3 * pixel
    return RGB(Float(bytes[start]), Float(bytes[start + 1]), Float(bytes[start + 2]))
  }
}
