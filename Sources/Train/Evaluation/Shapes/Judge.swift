import Datasets
import MediaIO

/// Reads colour, shape, direction of motion, size and speed of the one object in a finished clip, from its pixels
/// alone: it knows the world (palette, outlines, sizes, speeds) but not the prompt.
///
/// It says nothing where it is not sure: no object, several, one that changes, an outline that fits no shape, a path
/// that is not straight.
package struct Judge: Sendable {
  /// The least intersection over union with a shape's outline.
  private static let leastOverlap = 0.80
  /// How much better than the second a shape must fit.
  private static let leastLead = 0.03
  /// The greatest distance in CIE L*a*b* from a colour of the palette.
  private static let greatestColourDistance: Float = 25
  /// The part of a clip's frames that must show the object.
  private static let leastPartOfFrames = 0.85

  package init() {}

  /// Judges a clip or, of one frame, an image.
  ///
  /// - Parameter clip: square frames whose side divides 512 (128 is what the thresholds are made for).
  package func judge(_ clip: RGBFrames) -> Judgement {
    precondition(clip.width == clip.height, "frames of \(clip.width) × \(clip.height) are not square")
    let frames = SegmentedFrame.segment(clip)
    let found = frames.filter { $0 != nil }.count
    guard found > 0, Double(found) >= Self.leastPartOfFrames * Double(clip.frameCount) else { return Judgement() }
    var judgement = Judgement()
    judgement.colour = colour(of: frames)
    judgeShape(of: frames, &judgement)
    if clip.frameCount > 1 { judgeMotion(of: frames, resolution: clip.width, &judgement) }
    return judgement
  }

  private func colour(of frames: [SegmentedFrame?]) -> ObjectColour? {
    guard let rgb = frames.compactMap({ $0?.objectColour }).first else { return nil }
    let lab = LabColour(rgb)
    let distances = ObjectColour.allCases.map { ($0, LabColour($0.rgb).distance(to: lab)) }
    guard let nearest = distances.min(by: { $0.1 < $1.1 }) else { return nil }
    return nearest.1 <= Self.greatestColourDistance ? nearest.0 : nil
  }

  private func judgeShape(of frames: [SegmentedFrame?], _ judgement: inout Judgement) {
    let matches = ShapeMatch.rank(frames.compactMap { $0 })
    guard matches.count > 1 else { return }
    judgement.overlap = matches[0].overlap
    guard matches[0].overlap >= Self.leastOverlap, matches[0].overlap - matches[1].overlap >= Self.leastLead else {
      return
    }
    judgement.shape = matches[0].shape
    judgement.radius = matches[0].radius
    judgement.size = Self.size(radius: matches[0].radius)
  }

  private func judgeMotion(of frames: [SegmentedFrame?], resolution: Int, _ judgement: inout Judgement) {
    let centres = frames.map { $0.map { $0.centroid / Double(resolution) } }
    let path = ObjectPath(centres: centres)
    judgement.pathLength = path.length
    judgement.motion = path.motion
    if let motion = path.motion, motion != .still { judgement.speed = Self.speed(pathLength: path.length) }
  }

  /// The size whose radius is nearest in ratio; nothing a quarter beyond the smallest and the largest.
  private static func size(radius: Double) -> ObjectSize? {
    nearest(radius, ObjectSize.allCases.map { ($0, $0.radius) })
  }

  private static func speed(pathLength: Double) -> Speed? {
    nearest(pathLength, Speed.allCases.map { ($0, $0.pathLength) })
  }

  private static func nearest<Term>(_ value: Double, _ terms: [(term: Term, value: Double)]) -> Term? {
    guard value > 0, let nearest = terms.min(by: { ratio(value, $0.value) < ratio(value, $1.value) }) else {
      return nil
    }
    let isBeyond = terms.allSatisfy { value > $0.value } || terms.allSatisfy { value < $0.value }
    return isBeyond && ratio(value, nearest.value) > 1.25 ? nil : nearest.term
  }

  private static func ratio(_ a: Double, _ b: Double) -> Double { max(a / b, b / a) }
}
