import Foundation
import Tensors
import Testing

@testable import Datasets

@Suite struct SceneRenderingTests {
  /// The specification, word for word: the 512-pixel drawing, one pixel centre after the other.
  private func drawing(_ scene: Scene, at u: Double) -> [RGB] {
    let centre = scene.object.position(at: u)
    var pixels: [RGB] = []
    for row in 0..<512 {
      for column in 0..<512 {
        let point = (SIMD2(Double(column) + 0.5, Double(row) + 0.5) / 512 - centre) / scene.object.radius
        pixels.append(contains(scene.object.shape, point) ? scene.object.rgb : scene.background.rgb(row: row))
      }
    }
    return pixels
  }

  /// Whether a shape of radius 1 encloses a point; the heart's and star's outlines are tested by winding angle.
  private func contains(_ shape: Shape, _ p: SIMD2<Double>) -> Bool {
    let r = (p * p).sum().squareRoot()
    switch shape {
    case .circle: return r < 1
    case .ring: return r < 1 && r > 0.55
    case .square: return abs(p.x) < 0.5.squareRoot() && abs(p.y) < 0.5.squareRoot()
    case .bar: return abs(p.y) < 0.26 && abs(p.x) < (1 - 0.26 * 0.26).squareRoot()
    case .cross:
      let length = (1 - 0.3 * 0.3).squareRoot()
      return (abs(p.x) < 0.3 && abs(p.y) < length) || (abs(p.y) < 0.3 && abs(p.x) < length)
    case .triangle: return p.y < 0.5 && abs(p.x) < (p.y + 1) / 3.0.squareRoot()
    case .star:
      return winds((0..<10).map { polar($0.isMultiple(of: 2) ? 1 : 0.42, Double($0) * 36) }, around: p)
    case .heart:
      let curve = (0..<120).map { vertex in
        let t = 2 * Double.pi * Double(vertex) / 120
        return SIMD2(16 * pow(sin(t), 3), -(13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t)))
      }
      return winds(ShapeOutline.normalized(curve), around: p)
    }
  }

  private func polar(_ radius: Double, _ degrees: Double) -> SIMD2<Double> {
    SIMD2(radius * sin(degrees * .pi / 180), -radius * cos(degrees * .pi / 180))
  }

  private func winds(_ polygon: [SIMD2<Double>], around p: SIMD2<Double>) -> Bool {
    guard (p * p).sum() < 1 else { return false }
    var inside = false
    var a = polygon[polygon.count - 1]
    for b in polygon {
      if (a.y <= p.y) != (b.y <= p.y), p.x < a.x + (p.y - a.y) * (b.x - a.x) / (b.y - a.y) { inside.toggle() }
      a = b
    }
    return inside
  }

  @Test("a view is the area average of the 512-pixel drawing", arguments: Shape.allCases)
  func areaAverage(shape: Shape) {
    var scene = Scene(
      background: .init(colour: .pink, texture: .gradient, tint: RGB(3, -2, 6)),
      object: .init(shape: shape, colour: .blue, size: .medium, motion: .downRight, x: 0.4137, y: 0.5551))
    scene.object.radius = 0.1583
    let u = 0.3
    let large = drawing(scene, at: u)
    for resolution in [32, 128] {
      let scale = 512 / resolution
      let view = scene.renderBytes(resolution: resolution, times: [u])
      var different = 0
      for row in 0..<resolution {
        for column in 0..<resolution {
          var sum = RGB.zero
          for y in row * scale..<(row + 1) * scale {
            for x in column * scale..<(column + 1) * scale { sum += large[y * 512 + x] }
          }
          let mean = (sum / Float(scale * scale) + 0.5).rounded(.down)
          for channel in 0..<3 where view[(row * resolution + column) * 3 + channel] != UInt8(mean[channel]) {
            different += 1
          }
        }
      }
      #expect(different == 0, "\(shape) at \(resolution)")
    }
  }

  @Test("a crop has exactly the pixels of the whole view")
  func crop() {
    for index in 0..<20 {
      let scene = SceneSource(seed: 5)[index]
      var draw = DrawSequence(seed: 5, index: index)
      let crop = scene.drawCrop(size: 32, resolution: 128, &draw)
      let whole = scene.render(resolution: 128, times: [0, 0.5])
      let part = scene.render(resolution: 128, times: [0, 0.5], crop: crop)
      #expect(part.shape == [2, 32, 32, 3])
      for frame in 0..<2 {
        for row in 0..<32 {
          let expected = whole[frame][crop.y + row].rows(crop.x..<crop.x + 32)
          #expect(part[frame][row].array == expected.array)
        }
      }
    }
  }

  @Test("values are bytes mapped to −1 … 1")
  func values() {
    let scene = SceneSource(seed: 6)[3]
    let bytes = scene.renderBytes(resolution: 64)
    let values = scene.render(resolution: 64)
    #expect(values.shape == [17, 64, 64, 3])
    #expect(values.array == bytes.map { Float($0) / 127.5 - 1 })
  }

  @Test("a still object gives seventeen equal frames, a moving one seventeen different ones")
  func frames() {
    let still = Scene(background: .init(colour: .gray), object: .init(shape: .heart, colour: .yellow))
    let moving = Scene(background: .init(colour: .gray), object: .init(shape: .heart, colour: .yellow, motion: .left))
    let count = 32 * 32 * 3
    func frames(_ scene: Scene) -> Set<[UInt8]> {
      let bytes = scene.renderBytes(resolution: 32)
      return Set((0..<17).map { Array(bytes[$0 * count..<($0 + 1) * count]) })
    }
    #expect(frames(still).count == 1)
    #expect(frames(moving).count == 17)
  }

  @Test("every shape has its centre of area at its position and reaches exactly its radius", arguments: Shape.allCases)
  func centred(shape: Shape) {
    let scene = Scene(
      background: .init(colour: .black), object: .init(shape: shape, colour: .white, size: .large, x: 0.5, y: 0.5))
    let pixels = scene.renderBytes(resolution: 512, times: [0])
    var (sum, count, farthest) = (SIMD2<Double>.zero, 0.0, 0.0)
    for row in 0..<512 {
      for column in 0..<512 where pixels[(row * 512 + column) * 3] == 242 {
        let point = SIMD2(Double(column) + 0.5, Double(row) + 0.5) / 512 - 0.5
        sum += point
        count += 1
        farthest = max(farthest, (point * point).sum().squareRoot())
      }
    }
    let centre = sum / count
    // Half a pixel of 512 for the centre; at a sharp point the outermost pixel centre can be a few pixels short.
    #expect(abs(centre.x) < 0.5 / 512 && abs(centre.y) < 0.5 / 512)
    #expect(farthest <= 0.215 && farthest > 0.215 - 4.0 / 512)
  }

  @Test("a gradient is lighter above by 20 and darker below by 20")
  func gradient() {
    let scene = Scene(
      background: .init(colour: .gray, texture: .gradient), object: .init(shape: .circle, colour: .red, size: .small))
    let pixels = scene.renderBytes(resolution: 256, times: [0])
    #expect(pixels[0] == 142)
    #expect(pixels[pixels.count - 1] == 102)
  }

  @Test("most crops around the object show object and background")
  func cropsShowEdges() {
    var showing = 0
    for index in 0..<100 {
      var scene = SceneSource(seed: 9)[index]
      scene.background.texture = .plain
      var draw = DrawSequence(seed: 9, index: index)
      let crop = scene.drawCrop(size: 32, resolution: 128, &draw)
      let pixels = scene.renderBytes(resolution: 128, times: [0, 0.5, 1], crop: crop)
      let background = UInt8(scene.background.rgb(row: 0).x)
      let backgroundCount = stride(from: 0, to: pixels.count, by: 3).count { pixels[$0] == background }
      showing += (1..<pixels.count / 3).contains(backgroundCount) ? 1 : 0
    }
    #expect(showing > 70)
  }
}
