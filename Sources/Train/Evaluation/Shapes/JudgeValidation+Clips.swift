import Datasets
import MediaIO
import Tensors

extension NoisePurpose {
  /// Clips of noise. The number is also that of a data set's order, which no clip of noise is ever drawn beside; with
  /// another the published figures would be of other clips.
  fileprivate static let judgedNoise = NoisePurpose(rawValue: 0x3003)
}

extension Scene {
  /// The same scene with the next colour that stands out from its background.
  var recoloured: Scene {
    var scene = self
    repeat {
      scene.object.colour = ObjectColour.allCases[(scene.object.colour.index + 1) % ObjectColour.allCases.count]
    } while scene.contrast < World.leastContrast
    return scene
  }
}

extension Motion {
  /// The motion of a clip played backwards.
  var reversed: Motion { moving(-direction) }

  /// The motion of a clip whose left and right are exchanged.
  var mirrored: Motion { moving(SIMD2(-direction.x, direction.y)) }

  private func moving(_ wanted: SIMD2<Double>) -> Motion {
    Motion.allCases.first { (($0.direction - wanted) * ($0.direction - wanted)).sum() < 1e-6 } ?? self
  }
}

extension RGBFrames {
  /// The frames in the opposite order.
  var reversed: RGBFrames {
    let bytes = (0..<frameCount).reversed().flatMap { frame($0).bytes }
    return RGBFrames(width: width, height: height, frameCount: frameCount, bytes: bytes)
  }

  /// Left and right exchanged.
  var mirrored: RGBFrames {
    var changed = bytes
    for row in 0..<frameCount * height {
      for column in 0..<width {
        for channel in 0..<3 {
          changed[(row * width + column) * 3 + channel] = bytes[(row * width + width - 1 - column) * 3 + channel]
        }
      }
    }
    return RGBFrames(width: width, height: height, frameCount: frameCount, bytes: changed)
  }

  /// A clip that shows a background and nothing else.
  static func blank(_ background: SceneBackground, side: Int) -> RGBFrames {
    var object = SceneObject(shape: .circle, colour: .white)
    object.radius = 0
    let bytes = Scene(background: background, object: object).renderBytes(resolution: side)
    return RGBFrames(width: side, height: side, frameCount: World.frameCount, bytes: bytes)
  }

  /// Normal noise of standard deviation 50 about gray, or a tenth of that about a background, averaged over squares.
  static func noise(
    seed: UInt64, index: Int, side: Int, blur: Int, background: SceneBackground?
  ) -> RGBFrames {
    let stream = NoiseStream(seed: seed, purpose: .judgedNoise, item: UInt32(index))
    let noise = stream.normals(shape: [World.frameCount * side, side, 3])
    let base = background.map { blank($0, side: side).bytes }
    let deviation: Float = background == nil ? 50 : 5
    let blurred = averaged(noise.array, side: side, reach: blur)
    // Averaging n values shrinks their deviation by √n.
    let gain = deviation * Float(2 * blur + 1)
    let bytes = blurred.enumerated().map { place, value in
      UInt8(min(255, max(0, Float(base?[place] ?? 128) + gain * value)))
    }
    return RGBFrames(width: side, height: side, frameCount: World.frameCount, bytes: bytes)
  }

  /// Means over squares of 2 · reach + 1 pixels within each frame, wrapping at its edges.
  private static func averaged(_ values: [Float], side: Int, reach: Int) -> [Float] {
    guard reach > 0 else { return values }
    func pass(_ values: [Float], stride: Int) -> [Float] {
      values.indices.map { place in
        let position = place / stride % side
        let line = place - position * stride
        var sum: Float = 0
        for offset in -reach...reach { sum += values[line + (position + offset + side) % side * stride] }
        return sum / Float(2 * reach + 1)
      }
    }
    return pass(pass(values, stride: 3), stride: 3 * side)
  }
}
