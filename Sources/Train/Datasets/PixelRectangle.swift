/// A rectangle of pixels of a view.
package struct PixelRectangle: Codable, Hashable, Sendable {
  package var x: Int
  package var y: Int
  package var width: Int
  package var height: Int

  package init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  /// All of a square view.
  package init(resolution: Int) { self.init(x: 0, y: 0, width: resolution, height: resolution) }

  var columns: Range<Int> { x..<x + width }
  var rows: Range<Int> { y..<y + height }
}
