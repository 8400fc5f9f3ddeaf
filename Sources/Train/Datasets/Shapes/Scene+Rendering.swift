import Tensors

extension Scene {
  /// Draws the scene at `times` as values u8/127.5 − 1: `[F, height, width, 3]` in [−1, 1].
  ///
  /// Every view is the area average of one 512-pixel drawing, rounded once, so a crop has exactly the pixels of the
  /// whole view.
  ///
  /// - Parameters:
  ///   - resolution: the side of the whole view in pixels; divides 512.
  ///   - times: u of each frame; nothing beyond 0 … 1 for clips of the usual length.
  ///   - crop: the part to draw, the whole view if nil.
  package func render(resolution: Int, times: [Double] = World.clipTimes, crop: PixelRectangle? = nil) -> Tensor {
    let crop = crop ?? PixelRectangle(resolution: resolution)
    let result = Tensor(uninitialized: [times.count, crop.height, crop.width, 3])
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: result.count)
    defer { bytes.deallocate() }
    SceneRenderer(scene: self, resolution: resolution, crop: crop).draw(times: times, into: bytes)
    let values = result.pointer
    for index in 0..<result.count { values[index] = Float(bytes[index]) / 127.5 - 1 }
    return result
  }

  /// The same pixels as bytes, `[F, height, width, 3]` in row-major order.
  package func renderBytes(
    resolution: Int, times: [Double] = World.clipTimes, crop: PixelRectangle? = nil
  ) -> [UInt8] {
    let crop = crop ?? PixelRectangle(resolution: resolution)
    let renderer = SceneRenderer(scene: self, resolution: resolution, crop: crop)
    let count = times.count * crop.height * crop.width * 3
    return Array(unsafeUninitializedCapacity: count) { buffer, initializedCount in
      if let start = buffer.baseAddress { renderer.draw(times: times, into: start) }
      initializedCount = count
    }
  }

  /// A square crop for training: mostly one that the object or its edge passes through, sometimes any.
  ///
  /// - Parameters:
  ///   - size: its side in pixels, at most `resolution`.
  ///   - aroundObject: the probability of placing it around a point of the object's path, within 1.2 radii of it.
  package func drawCrop(
    size: Int, resolution: Int, medium: Medium = .video, aroundObject: Double = 0.85, _ draw: inout DrawSequence
  ) -> PixelRectangle {
    precondition(size <= resolution, "a crop of \(size) pixels of a view of \(resolution)")
    let free = resolution - size
    var corner = SIMD2(Double(draw.index(below: free + 1)), Double(draw.index(below: free + 1)))
    if draw.chance(aroundObject) {
      let centre = object.position(at: medium == .image ? 0.5 : draw.uniform())
      let offset = SIMD2(draw.uniform(-1.2, 1.2), draw.uniform(-1.2, 1.2)) * object.radius
      let inside = SIMD2(draw.uniform(0.2, 0.8), draw.uniform(0.2, 0.8)) * Double(size)
      corner = ((centre + offset) * Double(resolution) - inside).rounded(.toNearestOrEven)
    }
    let limit = SIMD2(repeating: Double(free))
    let clamped = corner.clamped(lowerBound: .zero, upperBound: limit)
    return PixelRectangle(x: Int(clamped.x), y: Int(clamped.y), width: size, height: size)
  }
}
